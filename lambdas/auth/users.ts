import type { Pool } from 'pg';
import * as z from 'zod/mini';
import { ROLE_NAMES } from '../shared/permissions';

const Roles = z.array(z.enum(ROLE_NAMES));
const LoginRow = z.object({
  id: z.uuid(),
  password_hash: z.nullable(z.string()),
  organisation_id: z.nullable(z.uuid()),
  roles: Roles,
});
const MemberRow = z.object({ id: z.uuid(), email: z.string(), name: z.string(), roles: Roles });

/** What a login is checked against. */
export interface Login {
  readonly userId: string;
  readonly passwordHash: string | undefined;
  /** The organisation the user belongs to (the oldest membership), with the roles held there. */
  readonly membership: { readonly organisation: string; readonly roles: z.output<typeof Roles> } | undefined;
}

/** What sign-in needs of the database. */
export interface Users {
  login(email: string): Promise<Login | undefined>;
  members(organisation: string): Promise<z.output<typeof MemberRow>[]>;
}

const LOGIN = `
  select u.id, u.password_hash, m.organisation_id, coalesce(array_agg(m.role order by m.role) filter (where m.role is not null), '{}') as roles,
         min(m.created_at) as since
  from gatehouse.users u left join gatehouse.memberships m on m.user_id = u.id
  where u.email = lower($1)
  group by u.id, m.organisation_id
  order by since, m.organisation_id
  limit 1`;

const MEMBERS = `
  select u.id, u.email, u.name, array_agg(m.role order by m.role) as roles
  from gatehouse.memberships m join gatehouse.users u on u.id = m.user_id
  where m.organisation_id = $1
  group by u.id
  order by u.email`;

/** Users in PostgreSQL. Every list is of one organisation. */
export const postgresUsers = (pool: Pool): Users => ({
  async login(email) {
    const { rows } = await pool.query(LOGIN, [email]);
    if (rows.length === 0) return undefined;
    const { id, password_hash, organisation_id, roles } = LoginRow.parse(rows[0]);
    return {
      userId: id,
      passwordHash: password_hash ?? undefined,
      membership: organisation_id === null ? undefined : { organisation: organisation_id, roles },
    };
  },
  async members(organisation) {
    const { rows } = await pool.query(MEMBERS, [organisation]);
    return z.array(MemberRow).parse(rows);
  },
});
