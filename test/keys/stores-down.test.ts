import type { Identity } from '../../lambdas/shared/access/principal';
import { startKeys, type TestKeys } from '../support/machine-keys';
import { captureOutput } from '../support/output';

const output = captureOutput();
let isDown = false;
/** As long as the network is down. */
const fails = async () => {
  if (isDown) throw new Error('the network is down');
};
let keys: TestKeys;
let admin: Identity;
beforeAll(async () => {
  keys = await startKeys(({ records, usage, pepper, ...deps }) => ({
    ...deps,
    records: {
      put: (id, record) => fails().then(() => records.put(id, record)),
      delete: (id) => fails().then(() => records.delete(id)),
    },
    usage: (...asked) => fails().then(() => usage(...asked)),
    pepper: () => fails().then(pepper),
  }));
  admin = await keys.tenants.signedIn('admin');
}, 30_000);
afterAll(() => keys.stop());
beforeEach(() => {
  isDown = false;
});

const count = async (table: string) =>
  Number((await keys.tenants.database.master.query(`select count(*) from gatehouse.${table}`)).rows[0].count);
const BODY = { name: 'x', scopes: ['graph:query'] };

test('a key that nothing could verify is not made: the caller is told to try again, and nothing is left of it', async () => {
  const before = [await count('api_keys'), await count('audit_log'), await count('idempotency')];
  const put = jest.spyOn(keys.deps.records, 'put').mockRejectedValueOnce(new Error('the network is down'));
  const send = () => keys.call('POST /v1/keys', { by: admin, body: BODY, headers: { 'Idempotency-Key': 'again' } });
  const { status, headers, body } = await send();
  expect(put).toHaveBeenCalledTimes(1);
  expect([status, body.code, headers['retry-after']]).toEqual([503, 'not_ready', '2']);
  expect(body.detail).not.toContain('network');
  expect(output.text()).toContain('the network is down');
  expect([await count('api_keys'), await count('audit_log'), await count('idempotency')]).toEqual(before);
  expect((await send()).status).toBe(201);
});

test.each([
  ['POST /v1/keys', BODY],
  ['POST /v1/clients', { ...BODY, kind: 'confidential' }],
])('without the secrets %s is told to try again', async (route, body) => {
  isDown = true;
  expect((await keys.call(route, { by: admin, body })).status).toBe(503);
});

test('a rotation that fails leaves the old key as it was', async () => {
  const { id } = await keys.made(admin);
  isDown = true;
  expect((await keys.call('POST /v1/keys/{id}/rotate', { by: admin, id, body: {} })).status).toBe(503);
  const { headers, body } = await keys.call('GET /v1/keys/{id}', { by: admin, id });
  expect([headers.etag, body]).toMatchObject(['"1"', { replacedBy: null, expiresAt: null }]);
});

test('a key is deleted though its record stays: it is refused all the same', async () => {
  const { id, key } = await keys.made(admin, { scopes: ['keys:read'] });
  const bearer = await keys.bearer(key);
  expect((await keys.call('GET /v1/keys', { by: bearer })).status).toBe(200);
  isDown = true;
  expect((await keys.call('DELETE /v1/keys/{id}', { by: admin, id })).status).toBe(204);
  expect(output.text()).toContain('record of a deleted key stays');
  expect(await keys.bearer(key)).toEqual(bearer);
  expect((await keys.call('GET /v1/keys', { by: bearer })).status).toBe(401);
});

test('without the counts use is told to be asked for again', async () => {
  const { id } = await keys.made(admin);
  isDown = true;
  expect((await keys.call('GET /v1/keys/{id}/usage', { by: admin, id })).body).toMatchObject({ code: 'not_ready' });
});
