import * as z from 'zod/mini';
import type { Changes, Tx } from '../shared/access/change';
import { type Principal, subjectOf } from '../shared/access/principal';
import { refuse } from '../shared/errors';
import { CreatedKey, page, placeOf } from '../shared/http/page';
import type { Operations } from '../shared/http/route';
import type { authRoutes } from './contract';
import { revokeAccess } from './revoke';
import { endSession } from './sessions';

const Row = z.object({
  id: z.uuid(),
  client: z.string(),
  workspace: z.nullable(z.uuid()),
  device: z.string(),
  address: z.string(),
  created_at: z.string(),
  last_seen_at: z.string(),
  expires_at: z.string(),
});

/** Times leave PostgreSQL as text with all their microseconds: a cursor made of a rounded one would skip rows. */
const LIST = `
  select id, client_id as client, workspace_id as workspace, device, address, to_json(created_at) #>> '{}' as created_at,
    to_json(last_seen_at) #>> '{}' as last_seen_at, to_json(least(expires_at, ends_at)) #>> '{}' as expires_at
  from gatehouse.sessions
  where organisation_id = $1 and user_id = $2 and ended_at is null and least(expires_at, ends_at) > now()
    and ($3::timestamptz is null or (created_at, id) < ($3, $4::uuid))
  order by created_at desc, id desc
  limit $5`;

const END_OTHERS = `update gatehouse.sessions set ended_at = now(), ended_why = $4
  where organisation_id = $1 and user_id = $2 and id is distinct from $3 and ended_at is null
    and least(expires_at, ends_at) > now()
  returning id`;
const Ids = z.array(z.object({ id: z.uuid() }));

type Sessions = Pick<Operations<typeof authRoutes>, 'listSessions' | 'endSession' | 'endOtherSessions' | 'logOut'>;

export const accountSessions = (changes: Changes): Sessions => ({
  async listSessions({ principal, query }) {
    const { organisation, id: user, session } = principal;
    const { limit, after } = placeOf(CreatedKey, query);
    const { rows } = await changes.read({ principal }, (sql) =>
      sql.query(LIST, [organisation, user, ...(after ?? [null, null]), limit + 1]),
    );
    return page(
      z.array(Row).parse(rows),
      limit,
      (row) => sessionOf(row, session),
      ({ created_at, id }) => [created_at, id],
    );
  },

  async endSession({ principal, origin, params }) {
    const ended = await endSession(changes, { principal, origin }, { session: params.id, why: 'ended by its user' });
    return ended ? undefined : refuse('not_found');
  },

  async endOtherSessions({ principal, origin }) {
    const ended = await changes.change({ principal, origin }, { voids: [subjectOf(principal)] }, (tx) =>
      endOthers(tx, principal),
    );
    return { ended };
  },

  async logOut({ principal, origin }) {
    const { session, token } = principal;
    if (session !== undefined) await endSession(changes, { principal, origin }, { session, why: 'logged out' });
    // A token of an external issuer has no session here, but it can be refused from now on.
    else if (token !== undefined) await revokeAccess(changes, principal, origin);
    else return refuse('conflict', 'there is no session here to end: sign out where you signed in');
    return undefined;
  },
});

async function endOthers(tx: Tx, { organisation, id, session }: Principal): Promise<number> {
  const why = 'all others ended by the user';
  const { rows } = await tx.query(END_OTHERS, [organisation, id, session ?? null, why]);
  const ended = Ids.parse(rows);
  for (const other of ended) tx.audit({ action: 'session.ended', target: `session:${other.id}`, reason: why });
  return ended.length;
}

const sessionOf = (
  { created_at, last_seen_at, expires_at, workspace, ...row }: z.output<typeof Row>,
  current: string | undefined,
) => ({
  ...row,
  ...(workspace !== null && { workspace }),
  createdAt: created_at,
  lastSeenAt: last_seen_at,
  expiresAt: expires_at,
  current: row.id === current,
});
