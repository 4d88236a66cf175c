import * as z from 'zod/mini';
import type { Changes } from '../shared/change';
import { CreatedKey, page, placeOf } from '../shared/page';
import type { Operations } from '../shared/route';
import type { tenantRoutes } from './contract';

const Row = z.object({
  id: z.string(),
  email: z.nullable(z.string()),
  name: z.string(),
  roles: z.array(z.string()),
  created_at: z.string(),
});

/** Times leave PostgreSQL as text with all their microseconds: a cursor made of a rounded one would skip rows. */
const LIST = `
  select u.id, u.email, u.name, m.roles, to_json(m.created_at) #>> '{}' as created_at
  from gatehouse.members m join gatehouse.users u on u.id = m.user_id
  where m.organisation_id = $1 and m.removed_at is null
    and ($2::timestamptz is null or (m.created_at, m.user_id) > ($2, $3::uuid))
  order by m.created_at, m.user_id
  limit $4`;

type Members = Pick<Operations<typeof tenantRoutes>, 'listMembers'>;

export const members = (changes: Changes): Members => ({
  async listMembers({ principal, query }) {
    const { limit, after } = placeOf(CreatedKey, query);
    const { rows } = await changes.read({ principal }, (sql) =>
      sql.query(LIST, [principal.organisation, ...(after ?? [null, null]), limit + 1]),
    );
    return page(
      z.array(Row).parse(rows),
      limit,
      ({ created_at, ...member }) => ({ ...member, createdAt: created_at }),
      ({ created_at, id }) => [created_at, id],
    );
  },
});
