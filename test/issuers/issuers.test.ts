import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { Issuer } from '../../lambdas/issuers/contract';
import type { Identity } from '../../lambdas/shared/access/principal';
import { issuerRecordId } from '../../lambdas/shared/credentials/issuer';
import { settingsOf } from '../../lambdas/shared/credentials/issuer-fields';
import { ask } from '../support/handled';
import { startIssuers, type TestIssuers } from '../support/issuers';
import { startOidc, type TestOidc } from '../support/oidc';
import { captureOutput } from '../support/output';

captureOutput();
let world: TestIssuers;
let oidc: TestOidc;
let admin: Identity;
beforeAll(async () => {
  [world, oidc] = await Promise.all([startIssuers(), startOidc()]);
  admin = await world.tenants.signedIn('admin');
}, 60_000);
afterAll(() => Promise.all([world.stop(), oidc.stop()]));
afterEach(async () => {
  await oidc.become('up');
  await world.tenants.database.master.query('delete from gatehouse.issuers');
});

const good = (change: object = {}) => ({
  kind: 'oidc',
  issuer: oidc.issuer,
  audience: 'https://api.acme.example',
  defaultRoles: ['viewer'],
  ...change,
});

type Options = Partial<Parameters<typeof ask>[1]>;
const send = async (method: string, resource: string, body?: object, options: Options = {}) => {
  const answer = await ask(world.api, {
    method,
    resource,
    principal: admin,
    ...options,
    headers: { 'content-type': 'application/json', ...options.headers },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { ...answer, etag: String(answer.headers.etag) };
};
const create = (body: object = good(), options?: Options) => send('POST', '/v1/issuers', body, options);
const one = (method: string, id: string, body?: object, options: Options = {}) =>
  send(method, '/v1/issuers/{id}', body, { params: { id }, ...options });
const issuerIn = ({ text }: { text: string }) => Issuer.parse(JSON.parse(text));
const auditOf = async (id: string) => {
  const { rows } = await world.tenants.database.master.query(
    'select record::jsonb as r from gatehouse.audit_log where target = $1 order by seq',
    [`issuer:${id}`],
  );
  return rows.map((row: unknown) => z.object({ r: z.looseObject({}) }).parse(row).r);
};

test('an issuer is made, read, listed, changed and deleted, and each change stands in the audit', async () => {
  const made = await create();
  const { id } = issuerIn(made);
  expect(made).toMatchObject({ status: 201, headers: { location: `/v1/issuers/${id}`, etag: '"1"' } });
  const { kids } = await oidc.state();
  expect(issuerIn(await one('GET', id))).toMatchObject({
    ...settingsOf({
      kind: 'oidc',
      issuer: oidc.issuer,
      audience: 'https://api.acme.example',
      defaultRoles: ['viewer'],
    }),
    disabled: false,
    keys: { kids, fetchedAt: expect.stringMatching(/^\d{4}-/) },
  });
  const listed = await send('GET', '/v1/issuers');
  expect(JSON.parse(listed.text)).toMatchObject({ items: [{ id }] });
  const changed = await one('PATCH', id, { defaultRoles: ['editor'] }, { headers: { 'if-match': made.etag } });
  expect(changed).toMatchObject({ status: 200, etag: '"2"' });
  expect(issuerIn(changed)).toMatchObject({ defaultRoles: ['editor'], audience: 'https://api.acme.example' });
  expect(await one('DELETE', id, undefined, { headers: { 'if-match': changed.etag } })).toMatchObject({ status: 204 });
  expect(await one('GET', id)).toMatchObject({ status: 404 });
  expect(await auditOf(id)).toMatchObject([
    { action: 'issuer.created', after: { id, defaultRoles: ['viewer'] } },
    { action: 'issuer.updated', before: { defaultRoles: ['viewer'] }, after: { defaultRoles: ['editor'] } },
    { action: 'issuer.deleted', before: { defaultRoles: ['editor'] } },
  ]);
});

test('a token of an issuer that was deleted is refused on its next request', async () => {
  const { id } = issuerIn(await create());
  const token = await oidc.token({ payload: { sub: 'ada' } });
  const identity = await world.environment()(token);
  expect(await world.calls(identity)).toMatchObject({ status: 200 });
  await one('DELETE', id);
  expect(await world.calls(identity)).toEqual({ status: 401 });
  expect(await world.environment()(token)).toBeUndefined();
});

test('with an Idempotency-Key an issuer is made once, and its keys are published though the first answer was lost', async () => {
  const headers = { 'idempotency-key': randomUUID() };
  const first = issuerIn(await create(good(), { headers }));
  await world.records.redis.call('FLUSHALL');
  const again = await create(good(), { headers });
  expect(again.status).toBe(201);
  expect(issuerIn(again)).toEqual(first);
  expect(await world.environment()(await oidc.token({ payload: { sub: 'ada' } }))).toBeDefined();
  expect(await create(good({ defaultRoles: ['editor'] }), { headers })).toMatchObject({ status: 409 });
});

test.each([
  ['down', 'the issuer is of no use: discovery: cannot be reached'],
  ['nonsense', 'the issuer is of no use: discovery: is not JSON'],
] as const)('an issuer that is %s cannot be made, and says why', async (mode, detail) => {
  await oidc.become(mode);
  const refused = await create();
  expect(refused).toMatchObject({ status: 400, body: { detail: expect.stringContaining(detail) } });
  expect(JSON.parse((await send('GET', '/v1/issuers')).text)).toEqual({ items: [] });
});

test('of an issuer that is down the roles can be changed, and where its keys are cannot', async () => {
  const { id } = issuerIn(await create());
  await oidc.become('down');
  expect(await one('PATCH', id, { defaultRoles: ['editor'] })).toMatchObject({ status: 200 });
  expect(await one('PATCH', id, { jwksUri: `${oidc.issuer}/jwks` })).toMatchObject({ status: 400 });
});

test('a change is known to authorizers with the next token that they read the issuer for', async () => {
  const { id } = issuerIn(await create(good({ requiredClaim: { claim: 'org_id', value: 'a' } })));
  const token = await oidc.token({ payload: { sub: 'ben', org_id: 'b' } });
  expect(await world.environment()(token)).toBeUndefined();
  await one('PATCH', id, { requiredClaim: { claim: 'org_id', value: 'b' } });
  expect(await world.environment()(token)).toBeDefined();
  await one('PATCH', id, { requiredClaim: null });
  expect(issuerIn(await one('GET', id))).not.toHaveProperty('requiredClaim');
});

test('two organisations cannot take tokens of one issuer and audience, and one can take several audiences', async () => {
  await create();
  const other = await world.tenants.signedIn('admin', 'globex.example');
  expect(await create(good(), { principal: other })).toMatchObject({ status: 409, body: { code: 'conflict' } });
  expect(await create()).toMatchObject({ status: 409 });
  expect(await create(good({ audience: 'another' }))).toMatchObject({ status: 201 });
});

test('an issuer that the stage trusts is not an organisation’s to take', async () => {
  const { organisation } = admin;
  const settings = settingsOf({ kind: 'oidc', issuer: oidc.issuer, audience: 'stage', defaultRoles: ['viewer'] });
  await world.refresh.stage([{ settings, belongs: { organisations: { map: { a: organisation } } } }]);
  expect(await create(good({ audience: 'stage' }))).toMatchObject({ status: 409 });
  await world.refresh.stage([]);
});

test('an organisation may have twenty issuers', async () => {
  for (let count = 0; count < 20; count += 1)
    await world.tenants.database.master.query(
      'insert into gatehouse.issuers (organisation_id, issuer, audience, settings) values ($1, $2, $3, $4)',
      [admin.organisation, 'https://i.example', `a${count}`, settingsOf({ kind: 'oidc', issuer: 'https://i.example' })],
    );
  expect(await create()).toMatchObject({ status: 409, body: { detail: 'an organisation may have 20 issuers' } });
  const first = z
    .object({ items: z.array(z.unknown()), next: z.string() })
    .parse(JSON.parse((await send('GET', '/v1/issuers', undefined, { query: { limit: '15' } })).text));
  const rest = await send('GET', '/v1/issuers', undefined, { query: { limit: '15', cursor: first.next } });
  expect([first.items.length, Object(JSON.parse(rest.text)).items.length]).toEqual([15, 5]);
});

test('another tenant’s issuer is one that does not exist', async () => {
  const { id } = issuerIn(await create());
  const principal = await world.tenants.signedIn('admin', 'globex.example');
  for (const [method, body] of [['GET'], ['PATCH', { defaultRoles: ['viewer'] }], ['DELETE']] as const)
    expect(await one(method, id, body, { principal })).toMatchObject({ status: 404 });
});

test.each(['PATCH', 'DELETE'])('%s at another version is refused', async (method) => {
  const { id } = issuerIn(await create());
  const body = method === 'PATCH' ? { defaultRoles: ['editor'] } : undefined;
  expect(await one(method, id, body, { headers: { 'if-match': '"7"' } })).toMatchObject({ status: 412 });
});

/** May change issuers, and little else. */
const keeper = async (): Promise<Identity> => {
  const { organisation } = admin;
  const id = randomUUID();
  const { master } = world.tenants.database;
  await master.query(
    `insert into gatehouse.roles (organisation_id, name, permissions) values ($1, 'keeper', $2) on conflict do nothing`,
    [organisation, ['issuers:read', 'issuers:write', 'graph:query']],
  );
  await master.query(`insert into gatehouse.users (id, email, name) values ($1, $2, 'Keeper')`, [
    id,
    `${id}@acme.example`,
  ]);
  await master.query(`insert into gatehouse.members (organisation_id, user_id, roles) values ($1, $2, '{keeper}')`, [
    organisation,
    id,
  ]);
  const session = randomUUID();
  await master.query(
    `insert into gatehouse.sessions (id, organisation_id, user_id, client_id, expires_at, ends_at)
     values ($1, $2, $3, 'gatehouse', now() + interval '1 day', now() + interval '1 day')`,
    [session, organisation, id],
  );
  return { kind: 'user', id, organisation, session };
};

describe('nobody hands out more than they hold:', () => {
  test('a role that holds more than the caller does is not the caller’s to map to', async () => {
    const principal = await keeper();
    expect(await create(good({ defaultRoles: ['admin'] }), { principal })).toMatchObject({ status: 403 });
    const mapped = good({ roles: { claim: 'r', map: { boss: 'editor' } } });
    expect(await create(mapped, { principal })).toMatchObject({ status: 403 });
    expect(await create(good({ defaultRoles: ['keeper'] }), { principal })).toMatchObject({ status: 201 });
  });

  test('an issuer whose tokens give more than the caller holds is not the caller’s to change', async () => {
    const { id } = issuerIn(await create(good({ defaultRoles: ['admin'] })));
    const principal = await keeper();
    expect(await one('PATCH', id, { jwksUri: `${oidc.issuer}/jwks` }, { principal })).toMatchObject({ status: 403 });
  });
});

test.each<[string, object, string]>([
  ['of no kind', { kind: 'okta' }, 'kind must be one of: auth0, clerk, oidc'],
  ['that is no URL', { issuer: 'issuer.example' }, 'issuer must match'],
  ['with a query', { issuer: 'https://i.example/?a=1' }, 'issuer must match'],
  ['that is a file', { issuer: 'file:///etc/passwd' }, 'issuer must match'],
  ['with a NUL', { issuer: 'https://i.example/\0' }, 'issuer must match'],
  ['that is a URL of nothing', { issuer: 'https://[' }, 'issuer and jwksUri must be URLs'],
  ['that is this gateway', { issuer: 'https://api.example.com' }, 'issuer is this gateway itself'],
  ['without audience and parties', { audience: undefined }, 'audience is missing'],
  ['with an audience of spaces', { audience: 'a b' }, 'audience must match'],
  ['with a shared secret', { algorithm: 'HS256' }, 'algorithm must be one of'],
  ['whose tokens live for a week', { maxLifeSeconds: 604_800 }, 'maxLifeSeconds must be at most 86400'],
  ['that gives no role', { defaultRoles: [] }, 'roles.map or defaultRoles must give a role'],
  ['that gives a role which is not there', { defaultRoles: ['boss'] }, 'there is no role boss'],
  ['with a claim with a NUL', { nameClaim: 'a\0' }, 'nameClaim must match'],
  [
    'with a hundred and one roles',
    { roles: { map: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`r${i}`, 'viewer'])) } },
    'roles.map is not valid',
  ],
  ['with a property of no meaning', { colour: 'red' }, 'colour is not known here'],
])('an issuer %s is refused, and the refusal says why', async (_, change, detail) => {
  expect(await create(good(change))).toMatchObject({ status: 400, body: { detail: expect.stringContaining(detail) } });
});

test('whose tokens an issuer is about cannot be changed', async () => {
  const { id } = issuerIn(await create());
  for (const change of [{ issuer: 'https://other.example' }, { audience: 'other' }, { kind: 'auth0' }])
    expect(await one('PATCH', id, change)).toMatchObject({ status: 400 });
});

test('two changes at once: one is made, the other is told of it', async () => {
  const { id } = issuerIn(await create());
  const answers = await Promise.all(['a', 'b', 'c'].map((nameClaim) => one('PATCH', id, { nameClaim })));
  const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b);
  expect(statuses[0]).toBe(200);
  expect(statuses.filter((status) => status !== 200 && status !== 409)).toEqual([]);
  expect(await auditOf(id)).toHaveLength(1 + statuses.filter((status) => status === 200).length);
});

test('the record that authorizers read is the one of issuer and audience', async () => {
  const { id } = issuerIn(await create());
  const text = await world.tenants.redis.client.get(
    `gatehouse:records:${issuerRecordId({ issuer: oidc.issuer, audience: 'https://api.acme.example' })}`,
  );
  expect(JSON.parse(text ?? '')).toMatchObject({ entry: id, version: 1 });
});
