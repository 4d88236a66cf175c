import { randomUUID } from 'node:crypto';
import { inviteFirstAdmin } from '../../lambdas/first-admin/first-admin';
import { call, startAuth, type TestAuth } from '../auth/support';
import { captureOutput } from '../support/output';

const output = captureOutput();
const WANTED = { email: 'Ada@Initech.example', organisation: 'Initech' };

let given: TestAuth;
beforeAll(async () => {
  given = await startAuth();
  // As on a first deploy: the schema, and nobody in it.
  await given.tenants.database.master.query('truncate gatehouse.organisations, gatehouse.users cascade');
}, 60_000);
afterAll(() => given.stop());

const invite = () => inviteFirstAdmin(WANTED, { pool: given.tenants.auth, newId: randomUUID });
const accept = (token: string | undefined) =>
  call(given.handler, {
    method: 'POST',
    resource: '/v1/auth/invitations/accept',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ token, name: 'Ada', password: 'nine quiet otters by the lake' }),
  });
const organisations = async () =>
  (await given.tenants.database.master.query('select name from gatehouse.organisations')).rows;

test('a deploy that is repeated before anybody came has one organisation and one invitation, the last', async () => {
  const [first, second] = [await invite(), await invite()];
  expect(await organisations()).toEqual([{ name: 'Initech' }]);
  expect(await accept(first?.token)).toMatchObject({ status: 404 });
  expect(second).toEqual({ ...WANTED, token: expect.stringMatching(/^ghi_[\w-]{43}$/) });
});

test('two deploys at once make one organisation', async () => {
  await Promise.all([invite(), invite()]);
  expect(await organisations()).toHaveLength(1);
});

test('whoever accepts administers the organisation and operates the platform, and no later deploy invites anybody', async () => {
  const invitation = await invite();
  expect(await accept(invitation?.token)).toMatchObject({ status: 200 });
  const granted = await given.token({
    grant_type: 'password',
    username: 'ada@initech.example',
    password: 'nine quiet otters by the lake',
  });
  expect(granted).toMatchObject({ status: 200 });
  const { rows } = await given.tenants.database.master.query(
    'select roles, operator from gatehouse.members join gatehouse.organisations on id = organisation_id',
  );
  expect(rows).toEqual([{ roles: ['admin', 'operator'], operator: true }]);
  expect(await invite()).toBeUndefined();
  expect(await organisations()).toEqual([{ name: 'Initech' }]);
});

test('the audit of the organisation begins with who made it, and no token is in it or in a log', async () => {
  const { rows } = await given.tenants.database.master.query(
    `select action, actor, record from gatehouse.audit_log l
     where organisation_id = (select id from gatehouse.organisations) order by seq limit 2`,
  );
  expect(rows).toMatchObject([
    { action: 'organisation.created', actor: 'deployment' },
    { action: 'invitation.created', actor: 'deployment' },
  ]);
  expect(JSON.stringify(rows) + output.text()).not.toContain('ghi_');
});

test('an organisation that somebody has been in is never taken back, even when nobody is left in it', async () => {
  await given.tenants.database.master.query('update gatehouse.members set removed_at = now()');
  expect(await invite()).toBeDefined();
  expect(await invite()).toBeDefined();
  const { rows } = await given.tenants.database.master.query(
    'select from gatehouse.organisations o join gatehouse.members m on m.organisation_id = o.id',
  );
  expect(rows).toHaveLength(1);
  expect(await organisations()).toHaveLength(2);
});
