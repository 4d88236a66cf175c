import { ROLES as PERMISSIONS_OF, type Role } from '../shared/access/permissions';
import type { OpenPool } from '../shared/stores/postgres';
import { inTenant } from '../shared/stores/tenancy';

/** The example tenants: fixed ids, so that seeding again changes nothing. The first one's admin operates the platform. */
export const ORGANISATIONS = [
  {
    id: '0a000000-0000-4000-8000-000000000001',
    name: 'Acme',
    domain: 'acme.example',
    plan: 'enterprise',
    operator: true,
  },
  {
    id: '0a000000-0000-4000-8000-000000000002',
    name: 'Globex',
    domain: 'globex.example',
    plan: 'free',
    operator: false,
  },
] as const;

/** In this order, which is the order of the logins in the secret. */
const ROLES: readonly Role[] = ['admin', 'editor', 'viewer', 'api_user'];

export interface SeedUser {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly organisation: string;
}

/** A user for each role of each organisation, e.g. viewer@acme.example. */
export const SEED_USERS: readonly SeedUser[] = ORGANISATIONS.flatMap(({ id, name, domain }, tenant) =>
  ROLES.map((role, index) => ({
    id: `0b000000-0000-4000-8000-0000000000${tenant + 1}${index + 1}`,
    email: `${role.replace('_', '-')}@${domain}`,
    name: `${name} ${role.replace('_', ' ')}`,
    role,
    organisation: id,
  })),
);

/** An example key: what verifies it stands in the table of keys, what it may do here. */
export interface SeedKey {
  readonly id: string;
  readonly organisation: string;
}

const INSERT_ORGANISATION =
  'insert into gatehouse.organisations (id, name, plan, operator) values ($1, $2, $3, $4) on conflict (id) do nothing';
const INSERT_USER = `insert into gatehouse.users (id, email, name, password_hash) values ($1, $2, $3, $4)
  on conflict (id) do update set password_hash = excluded.password_hash`;
const INSERT_MEMBER =
  'insert into gatehouse.members (organisation_id, user_id, roles) values ($1, $2, $3) on conflict do nothing';
const INSERT_KEY = `insert into gatehouse.api_keys (id, organisation_id, name, owner_id, scopes)
  values ($1, $2, 'Example key', $3, $4) on conflict (id) do nothing`;

/** Makes the example organisations, users and keys; the users' password becomes the one of this hash. */
export async function seed(pool: OpenPool, passwordHash: string, keys: readonly SeedKey[] = []): Promise<void> {
  for (const { id: organisation, name, plan, operator } of ORGANISATIONS)
    await inTenant(pool, { organisation }, async (sql) => {
      await sql.query(INSERT_ORGANISATION, [organisation, name, plan, operator]);
      for (const user of SEED_USERS.filter((each) => each.organisation === organisation)) {
        await sql.query(INSERT_USER, [user.id, user.email, user.name, passwordHash]);
        const roles = operator && user.role === 'admin' ? ['admin', 'operator'] : [user.role];
        await sql.query(INSERT_MEMBER, [organisation, user.id, roles]);
      }
      const owner = SEED_USERS.find((each) => each.organisation === organisation && each.role === 'api_user');
      for (const key of keys.filter((each) => each.organisation === organisation))
        await sql.query(INSERT_KEY, [key.id, organisation, owner?.id, PERMISSIONS_OF.api_user]);
    });
}
