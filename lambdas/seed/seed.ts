import type { Pool, PoolClient } from 'pg';
import type { Role } from '../shared/permissions';

/** The example tenants: fixed ids, so that seeding again changes nothing. */
export const ORGANISATIONS = [
  { id: '0a000000-0000-4000-8000-000000000001', name: 'Acme', domain: 'acme.example' },
  { id: '0a000000-0000-4000-8000-000000000002', name: 'Globex', domain: 'globex.example' },
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

/** Makes the example organisations and users; their password becomes the one of this hash. */
export async function seed(pool: Pool, passwordHash: string): Promise<void> {
  const client = await pool.connect();
  // A lost connection fails the query that runs; without a listener it would end the process before that is told.
  client.once('error', () => undefined);
  try {
    await client.query('begin');
    for (const { id, name } of ORGANISATIONS)
      await client.query('insert into gatehouse.organisations (id, name) values ($1, $2) on conflict (id) do nothing', [
        id,
        name,
      ]);
    for (const user of SEED_USERS) await insertUser(client, user, passwordHash);
    await client.query('commit');
  } catch (error) {
    // Where the connection is lost this fails too: `error` says why.
    await client.query('rollback').catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}

async function insertUser(client: PoolClient, { id, email, name, role, organisation }: SeedUser, hash: string) {
  await client.query(
    `insert into gatehouse.users (id, email, name, password_hash) values ($1, $2, $3, $4)
     on conflict (id) do update set password_hash = excluded.password_hash`,
    [id, email, name, hash],
  );
  await client.query(
    'insert into gatehouse.memberships (organisation_id, user_id, role) values ($1, $2, $3) on conflict do nothing',
    [organisation, id, role],
  );
}
