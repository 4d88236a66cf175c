import { randomUUID } from 'node:crypto';
import { postgresUsers, type Users } from '../../lambdas/auth/users';
import { type PlatformDatabase, startPlatformDatabase } from '../support/platform-database';

let database: PlatformDatabase;
let users: Users;
const [acme, globex, initech] = [randomUUID(), randomUUID(), randomUUID()];
const ada = randomUUID();

beforeAll(async () => {
  database = await startPlatformDatabase();
  users = postgresUsers(database.app);
  for (const [id, name] of [
    [acme, 'Acme'],
    [globex, 'Globex'],
    [initech, 'Initech'],
  ])
    await database.app.query('insert into gatehouse.organisations (id, name) values ($1, $2)', [id, name]);
  await addUser(ada, 'ada@acme.example', 'hash of ada');
  await join(acme, ada, 'viewer', '2026-02-01');
  await join(acme, ada, 'admin', '2026-03-01');
  await join(globex, ada, 'editor', '2026-01-01');
}, 30_000);
afterAll(() => database.stop());

const addUser = (id: string, email: string, hash: string | null) =>
  database.app.query('insert into gatehouse.users (id, email, name, password_hash) values ($1, $2, $3, $4)', [
    id,
    email,
    email.split('@', 1)[0],
    hash,
  ]);
const join = (organisation: string, user: string, role: string, since: string) =>
  database.app.query('insert into gatehouse.memberships values ($1, $2, $3, $4)', [organisation, user, role, since]);

test('a login is of the oldest membership, with the roles held there and no others', async () => {
  expect(await users.login('ada@acme.example')).toEqual({
    userId: ada,
    passwordHash: 'hash of ada',
    membership: { organisation: globex, roles: ['editor'] },
  });
});

test('several roles in one organisation come together', async () => {
  await database.app.query('delete from gatehouse.memberships where organisation_id = $1', [globex]);
  expect(await users.login('ada@acme.example')).toMatchObject({
    membership: { organisation: acme, roles: ['admin', 'viewer'] },
  });
  await join(globex, ada, 'editor', '2026-01-01');
});

test('an e-mail address is found in any case, and only as a whole', async () => {
  expect(await users.login('ADA@Acme.Example')).toMatchObject({ userId: ada });
  for (const other of ['ada', 'ada@acme', '%', "' or true --", ' ada@acme.example'])
    expect(await users.login(other)).toBeUndefined();
});

test('a user without a membership, or of an external issuer, says so', async () => {
  await addUser(randomUUID(), 'outsider@acme.example', null);
  expect(await users.login('outsider@acme.example')).toMatchObject({ passwordHash: undefined, membership: undefined });
});

test('members are those of one organisation, by e-mail, each with the roles held in it', async () => {
  const bob = randomUUID();
  await addUser(bob, 'bob@globex.example', null);
  await join(globex, bob, 'viewer', '2026-01-01');
  expect(await users.members(globex)).toEqual([
    { id: ada, email: 'ada@acme.example', name: 'ada', roles: ['editor'] },
    { id: bob, email: 'bob@globex.example', name: 'bob', roles: ['viewer'] },
  ]);
  expect(await users.members(acme)).toMatchObject([{ id: ada, roles: ['admin', 'viewer'] }]);
  expect(await users.members(initech)).toEqual([]);
});
