import * as z from 'zod/mini';
import { appendAudit, type Origin } from '../shared/audit';
import type { OpenPool } from '../shared/postgres';
import { inTenant } from '../shared/tenancy';

const LoginRow = z.object({
  id: z.uuid(),
  password_hash: z.nullable(z.string()),
  organisation_id: z.nullable(z.uuid()),
  roles: z.nullable(z.array(z.string())),
  plan: z.nullable(z.string()),
});

/** What a login is checked against. */
export interface Login {
  readonly userId: string;
  readonly passwordHash: string | undefined;
  /** The organisation the user belongs to (the oldest membership), with the roles held there. */
  readonly membership: { readonly organisation: string; readonly roles: string[]; readonly plan: string } | undefined;
}

/** What sign-in needs of the database. */
export interface Users {
  login(email: string): Promise<Login | undefined>;
  /** A new session, and its row in the audit. */
  openSession(user: string, organisation: string, client: string, origin: Origin): Promise<string>;
}

const LOGIN = `
  select u.id, u.password_hash, m.organisation_id, m.roles, o.plan
  from gatehouse.users u
    left join gatehouse.members m on m.user_id = u.id and m.removed_at is null
    left join gatehouse.organisations o on o.id = m.organisation_id
  where u.email = lower($1) and u.external_issuer is null and u.status = 'active'
  order by m.created_at, m.organisation_id
  limit 1`;

const OPEN = `insert into gatehouse.sessions (organisation_id, user_id, client_id, device, address, expires_at, ends_at)
  values ($1, $2, $3, $4, $5, now() + interval '7 days', now() + interval '30 days') returning id`;

/** Users in PostgreSQL, seen by the login that may see all of them. */
export const postgresUsers = (pool: OpenPool): Users => ({
  async login(email) {
    const { rows } = await (await pool()).query(LOGIN, [email]);
    if (rows.length === 0) return undefined;
    const { id, password_hash, organisation_id: organisation, roles, plan } = LoginRow.parse(rows[0]);
    return {
      userId: id,
      passwordHash: password_hash ?? undefined,
      membership: organisation && roles && plan ? { organisation, roles, plan } : undefined,
    };
  },
  openSession: (user, organisation, client, origin) =>
    inTenant(pool, { organisation }, async (sql) => {
      const values = [organisation, user, client, origin.userAgent.slice(0, 300), origin.sourceIp];
      const { rows } = await sql.query(OPEN, values);
      const { id } = z.object({ id: z.uuid() }).parse(rows[0]);
      const event = { actor: `user:${user}`, action: 'session.opened', target: `session:${id}` };
      await appendAudit(sql, organisation, origin, event);
      return id;
    }),
});
