import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import type { Identity } from '../../lambdas/shared/access/principal';
import { hashKey, isClientSecret } from '../../lambdas/shared/credentials/api-key';
import { PEPPER, startKeys, type TestKeys } from '../support/machine-keys';
import { captureOutput } from '../support/output';

captureOutput();
let keys: TestKeys;
let admin: Identity;
let globex: Identity;
beforeAll(async () => {
  keys = await startKeys();
  [admin, globex] = await Promise.all([
    keys.tenants.signedIn('admin'),
    keys.tenants.signedIn('admin', 'globex.example'),
  ]);
}, 30_000);
afterAll(() => keys.stop());

const CONFIDENTIAL = { kind: 'confidential', name: 'Billing', scopes: ['keys:read'] };
const PUBLIC = {
  kind: 'public',
  name: 'App',
  redirectUris: ['https://app.example/cb', 'com.example.app:/cb', 'http://127.0.0.1/cb'],
};
const Shown = z.looseObject({ id: z.uuid(), secret: z.optional(z.string()) });
const create = (by: Identity, body: unknown, headers = {}) => keys.call('POST /v1/clients', { by, body, headers });
const made = async (body: unknown = CONFIDENTIAL, by = admin) => Shown.parse((await create(by, body)).body);
const Kept = z.object({
  secret_hash: z.nullable(z.string()),
  previous_secret_hash: z.nullable(z.string()),
  good: z.nullable(z.number()),
});
const keptOf = async (id: string) =>
  Kept.parse(
    (
      await keys.tenants.database.master.query(
        `select secret_hash, previous_secret_hash, extract(epoch from previous_until - now())::float8 as good
         from gatehouse.clients where id = $1`,
        [id],
      )
    ).rows[0],
  );
const identity = (id: string): Identity => ({ kind: 'client', id, organisation: admin.organisation });

test('a confidential client is shown its secret once, and only its hash is kept', async () => {
  const { status, headers, body } = await create(admin, CONFIDENTIAL);
  const { id, secret = '' } = Shown.parse(body);
  expect([status, headers.location, headers['cache-control']]).toEqual([201, `/v1/clients/${id}`, 'no-store']);
  expect(isClientSecret(secret)).toBe(true);
  expect(secret).toMatch(/^ghs_test_/);
  expect(await keptOf(id)).toMatchObject({ secret_hash: hashKey(secret, PEPPER), previous_secret_hash: null });
  const { body: read } = await keys.call('GET /v1/clients/{id}', { by: admin, id });
  expect(read).toEqual({ ...body, secret: undefined });
});

test('a public client has addresses and no secret', async () => {
  const { status, body } = await create(admin, PUBLIC);
  expect([status, body]).toMatchObject([201, { kind: 'public', redirectUris: PUBLIC.redirectUris, scopes: [] }]);
  expect(body).not.toHaveProperty('secret');
  expect(await keptOf(String(body.id))).toMatchObject({ secret_hash: null });
});

test.each([
  ['no kind', { name: 'x', scopes: ['keys:read'] }, 'kind'],
  ['an unknown kind', { ...CONFIDENTIAL, kind: 'native' }, 'kind'],
  ['addresses of a confidential one', { ...CONFIDENTIAL, redirectUris: ['https://app.example/cb'] }, 'redirectUris'],
  ['scopes of a public one', { ...PUBLIC, scopes: ['keys:read'] }, 'scopes'],
  ['no address of a public one', { ...PUBLIC, redirectUris: [] }, 'redirectUris'],
  [
    '21 addresses',
    { ...PUBLIC, redirectUris: Array.from({ length: 21 }, (_, at) => `https://app.example/${at}`) },
    'redirectUris',
  ],
  ['an address with a wildcard', { ...PUBLIC, redirectUris: ['https://*.example/cb'] }, 'a wildcard is not taken'],
  ['a secret', { ...CONFIDENTIAL, secret: 'mine' }, 'secret'],
])('a client with %s is refused as a bad request that names it', async (_, body, named) => {
  const { status, body: problem } = await create(admin, body);
  expect(status).toBe(400);
  expect(problem.detail).toContain(named);
});

test('the same creation sent again is answered with the same secret, stored nowhere', async () => {
  const answers = await Promise.all([1, 2, 3].map(() => create(admin, CONFIDENTIAL, { 'Idempotency-Key': 'c-1' })));
  expect(answers.map(({ body }) => body)).toEqual(answers.map(() => answers[0]?.body));
  const { secret = '' } = Shown.parse(answers[0]?.body);
  for (const table of ['clients', 'idempotency', 'audit_log'])
    expect(
      JSON.stringify((await keys.tenants.database.master.query(`select * from gatehouse.${table}`)).rows),
    ).not.toContain(secret.slice(9, 60));
});

test('a client gets no scope that its maker lacks, and no plan but by whoever may write the organisation', async () => {
  const { body } = await create(admin, { ...CONFIDENTIAL, scopes: ['clients:write', 'clients:read'] });
  const maker = identity(String(body.id));
  expect((await create(maker, { ...CONFIDENTIAL, scopes: ['audit:read'] })).body.detail).toBe(
    'these scopes are more than you hold: audit:read',
  );
  expect((await create(maker, { ...CONFIDENTIAL, scopes: ['clients:read'], plan: 'pro' })).status).toBe(403);
  expect((await create(maker, { ...CONFIDENTIAL, scopes: ['clients:read'] })).status).toBe(201);
  expect((await create(admin, { ...CONFIDENTIAL, plan: 'pro' })).body).toMatchObject({ plan: 'pro' });
});

test('limits of its own are given to a client by whoever may write the organisation, kept by a rotation, and noted', async () => {
  const limits = { ratePerSecond: 0.01, burst: 2 };
  const { body } = await create(admin, { ...CONFIDENTIAL, scopes: ['clients:write', 'clients:read'], limits });
  expect(body).toMatchObject({ limits });
  const id = String(body.id);
  const maker = identity(id);
  expect((await create(maker, { ...CONFIDENTIAL, scopes: ['clients:read'], limits })).status).toBe(403);
  expect((await keys.call('POST /v1/clients/{id}/rotate', { by: admin, id, body: {} })).body).toMatchObject({ limits });
  const list = async () => (await keys.call('GET /v1/clients', { by: maker })).status;
  expect([await list(), await list()]).toEqual([200, 429]);
  expect((await patch(id, { name: 'still' })).body).toMatchObject({ limits });
  expect((await patch(id, { limits: null })).body).toMatchObject({ limits: null });
  const records = (await keys.noted(`client:${id}`)).map(({ record }): unknown => JSON.parse(record));
  expect(records.at(-1)).toMatchObject({ before: { limits }, after: { limits: null } });
});

test('a client that is disabled, has lost a scope or is deleted is refused on its next request', async () => {
  const { id } = await made();
  const list = async () => (await keys.call('GET /v1/keys', { by: identity(id) })).status;
  expect(await list()).toBe(200);
  await patch(id, { disabled: true });
  expect(await list()).toBe(401);
  await patch(id, { disabled: false });
  expect(await list()).toBe(200);
  await patch(id, { scopes: ['graph:query'] });
  expect(await list()).toBe(403);
  expect((await keys.call('DELETE /v1/clients/{id}', { by: admin, id })).status).toBe(204);
  expect(await list()).toBe(401);
  expect((await keys.call('GET /v1/clients/{id}', { by: admin, id })).status).toBe(404);
});

test('who signed in through a public client is refused as soon as it is disabled or deleted', async () => {
  const { id } = await made(PUBLIC);
  const viewer = await keys.tenants.signedIn('viewer');
  const { master } = keys.tenants.database;
  await master.query('update gatehouse.sessions set client_id = $1 where id = $2', [id, viewer.session]);
  // A viewer may not list keys: 403 is the answer to a session that is in force.
  const list = async () => (await keys.call('GET /v1/keys', { by: viewer })).status;
  expect(await list()).toBe(403);
  await patch(id, { disabled: true });
  expect(await list()).toBe(401);
  await patch(id, { disabled: false });
  expect(await list()).toBe(403);
  expect((await keys.call('DELETE /v1/clients/{id}', { by: admin, id })).status).toBe(204);
  expect(await list()).toBe(401);
});

const patch = (id: string, body: unknown, headers = {}) =>
  keys.call('PATCH /v1/clients/{id}', { by: admin, id, body, headers });

test('a change names the version it means, and properties of the other kind are refused', async () => {
  const confidential = await made();
  const open = await made(PUBLIC);
  expect((await patch(confidential.id, { name: 'b' }, { 'If-Match': '"1"' })).headers.etag).toBe('"2"');
  expect((await patch(confidential.id, { name: 'c' }, { 'If-Match': '"1"' })).status).toBe(412);
  expect((await patch(confidential.id, { redirectUris: PUBLIC.redirectUris })).status).toBe(400);
  expect((await patch(open.id, { scopes: ['keys:read'] })).status).toBe(400);
  expect((await patch(open.id, { redirectUris: ['https://new.example/'] })).body).toMatchObject({
    redirectUris: ['https://new.example/'],
  });
  expect((await patch(open.id, {})).status).toBe(400);
});

const rotate = (id: string, body: unknown = {}, headers = {}, by = admin) =>
  keys.call('POST /v1/clients/{id}/rotate', { by, id, body, headers });

describe('a rotation', () => {
  test('keeps the secret before it good for the overlap', async () => {
    const { id, secret = '' } = await made();
    const { status, body } = await rotate(id, { overlapSeconds: 600 });
    const fresh = Shown.parse(body).secret ?? '';
    expect([status, fresh === secret]).toEqual([201, false]);
    const kept = await keptOf(id);
    expect(kept).toMatchObject({ secret_hash: hashKey(fresh, PEPPER), previous_secret_hash: hashKey(secret, PEPPER) });
    expect(Math.round((kept.good ?? 0) / 60)).toBe(10);
  });

  test('without an overlap keeps none, not even one of a rotation before', async () => {
    const { id } = await made();
    await rotate(id);
    expect((await keptOf(id)).good).toBeGreaterThan(86_000);
    expect((await rotate(id, { overlapSeconds: 0 })).body).toMatchObject({ previousSecretUntil: null });
    expect(await keptOf(id)).toMatchObject({ previous_secret_hash: null, good: null });
  });

  test('sent again is answered with the same secret, and turns once', async () => {
    const { id, secret = '' } = await made();
    const answers = await Promise.all([1, 2, 3].map(() => rotate(id, {}, { 'Idempotency-Key': 'r' })));
    expect(answers.map(({ body }) => body)).toEqual(answers.map(() => answers[0]?.body));
    expect((await keptOf(id)).previous_secret_hash).toBe(hashKey(secret, PEPPER));
  });

  test('of a public client, or of one with more scopes than the caller, is refused', async () => {
    expect((await rotate((await made(PUBLIC)).id)).status).toBe(409);
    const small = identity((await made({ ...CONFIDENTIAL, scopes: ['clients:write'] })).id);
    expect((await rotate((await made()).id, {}, {}, small)).status).toBe(403);
    expect((await rotate(small.id, {}, {}, small)).status).toBe(201);
  });
});

test("another organisation's client is as one that does not exist", async () => {
  const { id } = await made(CONFIDENTIAL, globex);
  for (const [route, body] of [
    ['GET /v1/clients/{id}', undefined],
    ['PATCH /v1/clients/{id}', { name: 'mine' }],
    ['DELETE /v1/clients/{id}', undefined],
    ['POST /v1/clients/{id}/rotate', {}],
  ] as const) {
    const [theirs, none] = await Promise.all(
      [id, randomUUID()].map((each) => keys.call(route, { by: admin, id: each, body })),
    );
    expect([theirs?.status, theirs?.body.detail]).toEqual([404, none?.body.detail]);
  }
  const { body } = await keys.call('GET /v1/clients', { by: admin, query: { limit: '200' } });
  expect(JSON.stringify(body)).not.toContain(id);
  expect((await keys.call('GET /v1/clients/{id}', { by: globex, id })).headers.etag).toBe('"1"');
});

test('the list shows every client once over its pages', async () => {
  const ids: unknown[] = [];
  let cursor: string | undefined;
  do {
    const { body } = await keys.call('GET /v1/clients', {
      by: admin,
      query: { limit: '3', ...(cursor && { cursor }) },
    });
    const { items, next } = z
      .object({ items: z.array(z.object({ id: z.string() })), next: z.optional(z.string()) })
      .parse(body);
    ids.push(...items.map(({ id }) => id));
    cursor = next;
  } while (cursor !== undefined);
  const { rows } = await keys.tenants.database.master.query(
    'select id from gatehouse.clients where organisation_id = $1',
    [admin.organisation],
  );
  expect(ids).toHaveLength(rows.length);
  expect(new Set(ids)).toEqual(new Set(rows.map(({ id }) => id)));
});

test('what is done to a client is in the audit, without its secret or its hash', async () => {
  const { id, secret = '' } = await made();
  await keys.call('PATCH /v1/clients/{id}', { by: admin, id, body: { name: 'renamed' } });
  await keys.call('POST /v1/clients/{id}/rotate', { by: admin, id, body: {} });
  await keys.call('DELETE /v1/clients/{id}', { by: admin, id });
  const rows = await keys.noted(`client:${id}`);
  expect(rows.map(({ action }) => action)).toEqual([
    'client.created',
    'client.changed',
    'client.rotated',
    'client.deleted',
  ]);
  const text = rows.map(({ record }) => record).join('');
  expect(text).not.toContain(secret.slice(9, 60));
  expect(text).not.toContain(hashKey(secret, PEPPER));
});
