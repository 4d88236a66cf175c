import { randomUUID } from 'node:crypto';
import type { Identity } from '../../lambdas/shared/access/principal';
import { digestOf } from '../../lambdas/shared/credentials/digest';
import { serve } from '../../lambdas/shared/http/serve';
import { tenantRoutes } from '../../lambdas/tenants/contract';
import { tenants as tenantsOf } from '../../lambdas/tenants/tenants';
import { ask } from '../support/handled';
import { captureOutput } from '../support/output';
import { fresh, idOf, start, statuses, type Tenants } from './support';

captureOutput();

let tenants: Tenants;
let admin: Identity;
beforeAll(async () => {
  tenants = await start();
  admin = await tenants.signedIn('admin');
}, 30_000);
afterAll(() => tenants.stop());

const address = () => `${randomUUID()}@new.example`;
const invite = (body: object, headers: Record<string, string> = {}, as = admin) =>
  tenants.call('createInvitation', { as, body: { roles: ['viewer'], ...body }, headers });
const digestsOf = (email: string) =>
  tenants.sql('select token_digest from gatehouse.invitations where email = $1', [email]);

test('an invitation shows its token once, and only the digest is stored', async () => {
  const email = address();
  const made = await invite({ email: email.toUpperCase(), roles: ['viewer', 'viewer', 'editor'] });
  expect(made).toMatchObject({
    status: 201,
    headers: { 'cache-control': 'no-store', etag: '"1"' },
    body: { email, roles: ['viewer', 'editor'], invitedBy: `user:${admin.id}`, acceptedAt: null },
  });
  const token = String(made.body.token);
  expect(token).toMatch(/^ghi_[\w-]{43}$/);
  expect(await digestsOf(email)).toEqual([{ token_digest: digestOf(token) }]);
  const { expiresAt, createdAt } = made.body;
  expect(Date.parse(String(expiresAt)) - Date.parse(String(createdAt))).toBe(7 * 86_400_000);
  const params = { id: idOf(made) };
  for (const { text } of [
    await tenants.call('getInvitation', { as: admin, params }),
    await tenants.call('listInvitations', { as: admin }),
  ]) {
    expect(text).toContain(params.id);
    expect(text).not.toContain(token);
    expect(text).not.toContain('digest');
  }
  const kept = await tenants.sql(
    'select record as text from gatehouse.audit_log union all select response::text from gatehouse.idempotency',
  );
  expect(JSON.stringify(kept)).not.toContain(token);
});

test('one Idempotency-Key makes one invitation and shows the same token each time', async () => {
  const headers = { 'idempotency-key': randomUUID() };
  const email = address();
  const answers = await Promise.all(Array.from({ length: 6 }, () => invite({ email }, headers)));
  expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  expect(await digestsOf(email)).toEqual([{ token_digest: digestOf(String(answers[0]?.body.token)) }]);
});

test('an Idempotency-Key used again when it is forgotten makes another token', async () => {
  const headers = { 'idempotency-key': randomUUID() };
  const first = await invite({ email: address() }, headers);
  await tenants.sql("update gatehouse.idempotency set created_at = now() - interval '25 hours'");
  const second = await invite({ email: address() }, headers);
  expect([first.status, second.status]).toEqual([201, 201]);
  expect(second.body.token).not.toBe(first.body.token);
});

test('an address has one open invitation, also of many at once; an expired one is in nobody’s way', async () => {
  const email = address();
  const answers = await Promise.all(Array.from({ length: 4 }, () => invite({ email })));
  expect(statuses(answers)).toEqual([201, 409, 409, 409]);
  expect(await invite({ email: email.toUpperCase() })).toMatchObject({
    status: 409,
    body: { detail: 'an invitation to this address is open: take it back first' },
  });
  const globex = await tenants.signedIn('admin', 'globex.example');
  expect(await invite({ email }, {}, globex)).toMatchObject({ status: 201 });
  await tenants.sql('update gatehouse.invitations set expires_at = now() where email = $1', [email]);
  expect(await invite({ email })).toMatchObject({ status: 201 });
});

test('a member’s own address is not invited; one who was removed is', async () => {
  const ada = await tenants.member(['viewer'], { email: address() });
  const [{ email } = { email: '' }] = await tenants.sql('select email from gatehouse.users where id = $1', [ada.id]);
  expect(await invite({ email })).toMatchObject({ status: 409, body: { detail: 'a member has this address' } });
  await tenants.call('removeMember', { as: admin, params: { id: ada.id } });
  expect(await invite({ email })).toMatchObject({ status: 201 });
});

test('nobody invites to more than they hold, or to a role that is not there', async () => {
  const name = fresh('inviter');
  await tenants.call('createRole', { as: admin, body: { name, permissions: ['members:write', 'graph:query'] } });
  const inviter = await tenants.member([name]);
  expect(await invite({ email: address(), roles: ['admin'] }, {}, inviter)).toMatchObject({ status: 403 });
  expect(await invite({ email: address(), roles: [name] }, {}, inviter)).toMatchObject({ status: 201 });
  expect(await invite({ email: address(), roles: ['ghost'] })).toMatchObject({ status: 400 });
  const globex = await tenants.signedIn('admin', 'globex.example');
  expect(await invite({ email: address(), roles: [name] }, {}, globex)).toMatchObject({ status: 400 });
});

test('an open invitation can be taken back, an accepted one stays', async () => {
  const params = { id: idOf(await invite({ email: address() })) };
  expect(await tenants.call('deleteInvitation', { as: admin, params, headers: { 'if-match': '"2"' } })).toMatchObject({
    status: 412,
  });
  expect(await tenants.call('deleteInvitation', { as: admin, params })).toMatchObject({ status: 204 });
  expect(await tenants.call('getInvitation', { as: admin, params })).toMatchObject({ status: 404 });
  const accepted = { id: idOf(await invite({ email: address() })) };
  await tenants.sql('update gatehouse.invitations set accepted_at = now() where id = $1', [accepted.id]);
  expect(await tenants.call('deleteInvitation', { as: admin, params: accepted })).toMatchObject({ status: 409 });
});

test.each([
  ['no address', { roles: ['viewer'] }],
  ['a name for an address', { email: 'somebody', roles: ['viewer'] }],
  ['no role', { email: 'a@new.example', roles: [] }],
  ['more than 20 roles', { email: 'a@new.example', roles: Array.from({ length: 21 }, (_, n) => `r${n}`) }],
])('with %s it is refused with 400', async (_, body) => {
  expect(await tenants.call('createInvitation', { as: admin, body })).toMatchObject({ status: 400 });
});

const throttled = () => Promise.reject(new Error('ThrottlingException'));

test('without the secret that makes tokens nothing is made, and the caller is told to try again', async () => {
  const operations = tenantsOf({ changes: tenants.changes, pepper: throttled, newId: randomUUID });
  const handler = serve(tenantRoutes, operations, tenants.serve);
  const email = address();
  const answer = await ask(handler, {
    method: 'POST',
    resource: '/v1/invitations',
    principal: admin,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, roles: ['viewer'] }),
  });
  expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '2' }, body: { code: 'not_ready' } });
  expect(answer.text).not.toContain('Throttling');
  expect(await digestsOf(email)).toEqual([]);
});

test('the invitations of another organisation are not there', async () => {
  const globex = await tenants.signedIn('admin', 'globex.example');
  const params = { id: idOf(await invite({ email: address() })) };
  expect(await tenants.call('getInvitation', { as: globex, params })).toMatchObject({ status: 404 });
  expect(await tenants.call('deleteInvitation', { as: globex, params })).toMatchObject({ status: 404 });
});
