import * as z from 'zod/mini';
import { seedLogins } from '../../lambdas/seed/logins';
import { ORGANISATIONS, SEED_USERS } from '../../lambdas/seed/seed';
import { ROLE_NAMES, type Role } from '../../lambdas/shared/access/permissions';
import { ApiKeyRecord, keyIdOf, matches, recordId } from '../../lambdas/shared/credentials/api-key';
import { checkPassword } from '../../lambdas/shared/credentials/passwords';
import { readRecord } from '../../lambdas/shared/stores/records';
import { KEYS_TABLE, startAws, type TestAws } from '../support/aws';
import { captureOutput } from '../support/output';
import { type PlatformDatabase, startPlatformDatabase } from '../support/platform-database';
import { downRedis } from '../support/redis';

captureOutput();

const ENV = { SEED_LOGINS_SECRET: 'logins', PEPPER_SECRET: 'pepper', KEYS_TABLE, STAGE: 'test' };
const Logins = z.strictObject({
  password: z.string(),
  users: z.array(z.object({ email: z.string(), role: z.enum(ROLE_NAMES) })),
  apiKeys: z.array(z.object({ organisation: z.uuid(), key: z.string() })),
});

let aws: TestAws;
let database: PlatformDatabase;
beforeAll(async () => {
  [aws, database] = await Promise.all([startAws(), startPlatformDatabase()]);
  aws.setSecret('pepper', 'pepper of the test');
  aws.setSecret('logins', '{"password":"first"}');
  await seedLogins(ENV, async () => database.auth);
}, 30_000);
afterAll(() => Promise.all([aws.stop(), database.stop()]));

const logins = () => Logins.parse(JSON.parse(aws.secrets.value('logins')));
const query = async (sql: string) => (await database.master.query<Record<string, unknown>>(sql)).rows;
const memberships = () =>
  query(`select o.name as organisation, u.email, array_to_string(m.roles, ' ') as role from gatehouse.members m
         join gatehouse.users u on u.id = m.user_id join gatehouse.organisations o on o.id = m.organisation_id
         order by u.email`);
const hashes = async () =>
  z
    .array(z.string())
    .parse(
      (await query('select distinct password_hash from gatehouse.users')).map(({ password_hash }) => password_hash),
    );

const OF_TENANTS: readonly Role[] = ['admin', 'editor', 'viewer', 'api_user'];

test("each organisation has a user of each role; the first one's admin operates the platform; no user belongs to two", async () => {
  const expected = [
    { organisation: 'Acme', domain: 'acme.example', admin: 'admin operator' },
    { organisation: 'Globex', domain: 'globex.example', admin: 'admin' },
  ].flatMap(({ organisation, domain, admin }) =>
    OF_TENANTS.map((role) => ({
      organisation,
      email: `${role.replace('_', '-')}@${domain}`,
      role: role === 'admin' ? admin : role,
    })),
  );
  const found = await memberships();
  expect(found).toHaveLength(expected.length);
  expect(found).toEqual(expect.arrayContaining(expected));
});

test('the first organisation is the operator on the largest plan, the other a tenant on the smallest', async () => {
  expect(await query('select name, plan, operator from gatehouse.organisations order by name')).toEqual([
    { name: 'Acme', plan: 'enterprise', operator: true },
    { name: 'Globex', plan: 'free', operator: false },
  ]);
});

test('the secret keeps its password and names every user with the role, and an API key a tenant', () => {
  const { password, users, apiKeys } = logins();
  expect(password).toBe('first');
  expect(users).toEqual(SEED_USERS.map(({ email, role }) => ({ email, role })));
  expect(apiKeys.map(({ organisation }) => organisation)).toEqual(ORGANISATIONS.map(({ id }) => id));
});

test('each API key matches the record of its organisation, which the key authorizer reads', async () => {
  for (const { organisation, key } of logins().apiKeys) {
    const records = { redis: downRedis(), table: KEYS_TABLE };
    const record = await readRecord(records, recordId(keyIdOf(key) ?? ''), ApiKeyRecord);
    expect(record).toMatchObject({ organisation });
    expect(record && matches(key, 'pepper of the test', record)).toBe(true);
  }
});

test('seeding again changes nothing but the password, when the secret has another', async () => {
  const [before, rows] = [logins(), await memberships()];
  aws.setSecret('logins', JSON.stringify({ ...before, password: 'second' }));
  await seedLogins(ENV, async () => database.auth);
  expect(logins()).toEqual({ ...before, password: 'second' });
  expect(await memberships()).toEqual(rows);
  const [hash, ...others] = await hashes();
  expect(others).toEqual([]);
  expect(await checkPassword('second', hash)).toBe(true);
});

test('seeding that fails leaves the secret as it was', async () => {
  const before = aws.secrets.value('logins');
  await expect(seedLogins({ ...ENV, KEYS_TABLE: 'no-such-table' }, async () => database.auth)).rejects.toThrow();
  expect(aws.secrets.value('logins')).toBe(before);
});
