import { randomUUID } from 'node:crypto';
import type { Identity } from '../../lambdas/shared/access/principal';
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

const auditOf = (organisation: string, target: string) =>
  tenants.sql(
    'select action, actor, record::jsonb as record from gatehouse.audit_log where organisation_id = $1 and target = $2 order by seq',
    [organisation, target],
  );

describe('a new organisation', () => {
  test('makes its creator its admin, and both chains tell of it', async () => {
    const answer = await tenants.call('createOrganisation', { as: admin, body: { name: 'Initech' } });
    expect(answer).toMatchObject({ status: 201, body: { name: 'Initech', plan: 'free', version: 1 } });
    const id = idOf(answer);
    expect(answer.headers.location).toBe(`/v1/organisations/${id}`);
    expect(await tenants.sql('select user_id, roles from gatehouse.members where organisation_id = $1', [id])).toEqual([
      { user_id: admin.id, roles: ['admin'] },
    ]);
    for (const chain of [id, admin.organisation])
      expect(await auditOf(chain, `organisation:${id}`)).toMatchObject([
        { action: 'organisation.created', actor: `user:${admin.id}` },
      ]);
    expect(await auditOf(id, `member:${admin.id}`)).toMatchObject([{ action: 'member.added' }]);
    expect(await tenants.sql('select broken from gatehouse.audit_verify($1, 0, 1000)', [id])).toEqual([
      { broken: null },
    ]);
  });

  test('is made once for one Idempotency-Key, however many ask at once', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const name = fresh('org');
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => tenants.call('createOrganisation', { as: admin, body: { name }, headers })),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 201));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(await tenants.sql('select id from gatehouse.organisations where name = $1', [name])).toHaveLength(1);
  });

  test('is nothing for a key, nor for a user of an external issuer', async () => {
    const key = await tenants.key(admin, ['organisations:create']);
    expect(await tenants.call('createOrganisation', { as: key, body: { name: 'No' } })).toMatchObject({ status: 403 });
    const external = { issuer: 'https://issuer.example', subject: 'sub', roles: ['admin'], issuedAtSeconds: 1 };
    const visitor: Identity = { kind: 'user', id: randomUUID(), organisation: admin.organisation, external };
    expect(await tenants.call('createOrganisation', { as: visitor, body: { name: 'No' } })).toMatchObject({
      status: 403,
      body: { detail: 'your issuer signs you in to its own organisation only' },
    });
  });

  test.each([
    ['no name', {}],
    ['an empty one', { name: ' ' }],
    ['a NUL', { name: 'a\u0000b' }],
    ['half a surrogate pair', { name: '\ud800' }],
    ['a plan', { name: 'a', plan: 'enterprise' }],
    ['too long a name', { name: 'a'.repeat(201) }],
  ])('with %s is refused with 400', async (_, body) => {
    expect(await tenants.call('createOrganisation', { as: admin, body })).toMatchObject({ status: 400 });
  });
});

describe('whose organisations are seen', () => {
  test('a user sees those they belong to, a key its own', async () => {
    const member = await tenants.member(['admin']);
    const second = idOf(await tenants.call('createOrganisation', { as: member, body: { name: 'Second' } }));
    const seen = await tenants.call('listOrganisations', { as: member });
    expect(seen.body.items?.map(({ id }) => id)).toEqual([member.organisation, second]);
    const key = await tenants.key(member, ['organisations:read']);
    const byKey = await tenants.call('listOrganisations', { as: key });
    expect(byKey.body.items?.map(({ id }) => id)).toEqual([member.organisation]);
  });

  test('pages go through all of them once', async () => {
    const member = await tenants.member(['admin']);
    for (const name of ['One', 'Two']) await tenants.call('createOrganisation', { as: member, body: { name } });
    const first = await tenants.call('listOrganisations', { as: member, query: { limit: '2' } });
    const cursor = first.body.next ?? '';
    const second = await tenants.call('listOrganisations', { as: member, query: { limit: '2', cursor } });
    expect([...(first.body.items ?? []), ...(second.body.items ?? [])].map(({ name }) => name)).toEqual([
      'Acme',
      'One',
      'Two',
    ]);
    expect(second.body.next).toBeUndefined();
  });

  test.each([
    ['no JSON', 'abc'],
    ['no time', Buffer.from('["x","0a000000-0000-4000-8000-000000000001"]').toString('base64url')],
    ['no id', Buffer.from('["2026-01-01T00:00:00+00:00","x"]').toString('base64url')],
    [
      'an offset beyond the world',
      Buffer.from('["2026-01-01T00:00:00+23:59","0a000000-0000-4000-8000-000000000001"]').toString('base64url'),
    ],
    [
      'a year of nobody',
      Buffer.from('["0000-01-01T00:00:00+00:00","0a000000-0000-4000-8000-000000000001"]').toString('base64url'),
    ],
  ])('a cursor with %s is refused with 400', async (_, cursor) => {
    expect(await tenants.call('listOrganisations', { as: admin, query: { cursor } })).toMatchObject({ status: 400 });
  });

  test('another organisation answers the same 404 as one that is not there, also to its own member', async () => {
    const member = await tenants.member(['admin']);
    const second = idOf(await tenants.call('createOrganisation', { as: member, body: { name: 'Second' } }));
    const refused = [];
    for (const id of [second, randomUUID()])
      for (const operation of ['getOrganisation', 'updateOrganisation', 'deleteOrganisation'] as const) {
        const body = operation === 'updateOrganisation' ? { name: 'Mine now' } : undefined;
        refused.push(await tenants.call(operation, { as: member, params: { id }, body }));
      }
    expect(refused.map(({ status, body: { code, detail } }) => ({ status, code, detail }))).toEqual(
      refused.map(() => ({ status: 404, code: 'not_found', detail: undefined })),
    );
  });
});

describe('a change', () => {
  test('of the version that If-Match names counts once: of many at once one wins, the others get 412', async () => {
    const params = { id: admin.organisation };
    const { headers } = await tenants.call('getOrganisation', { as: admin, params });
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, n) =>
        tenants.call('updateOrganisation', {
          as: admin,
          params,
          body: { name: `Acme ${n}` },
          headers: { 'if-match': String(headers.etag) },
        }),
      ),
    );
    expect(statuses(answers)).toEqual([200, 412, 412, 412, 412, 412]);
    await tenants.call('updateOrganisation', { as: admin, params, body: { name: 'Acme' } });
  });

  test('is in the audit with before and after', async () => {
    const params = { id: admin.organisation };
    await tenants.call('updateOrganisation', { as: admin, params, body: { name: 'Acme Ltd' } });
    await tenants.call('updateOrganisation', { as: admin, params, body: { name: 'Acme' } });
    const rows = await auditOf(admin.organisation, `organisation:${admin.organisation}`);
    expect(rows.at(-1)).toMatchObject({
      action: 'organisation.updated',
      record: { before: { name: 'Acme Ltd' }, after: { name: 'Acme' }, from: { sourceIp: '192.0.2.1' } },
    });
  });

  test('of the plan is not the organisation’s to make', async () => {
    const answer = await tenants.call('updateOrganisation', {
      as: admin,
      params: { id: admin.organisation },
      body: { name: 'Acme', plan: 'enterprise' },
    });
    expect(answer).toMatchObject({ status: 400 });
    expect(answer.text).toContain('plan is not known here');
  });
});

test('the organisation of the operator stays: nobody could change the settings of the platform any more', async () => {
  const params = { id: admin.organisation };
  expect(await tenants.call('deleteOrganisation', { as: admin, params })).toMatchObject({
    status: 409,
    body: { code: 'conflict' },
  });
  expect(await tenants.call('getOrganisation', { as: admin, params })).toMatchObject({ status: 200 });
});

test('the end of an organisation ends everything in it but its audit, and everybody on the next request', async () => {
  const boss = await tenants.signedIn('admin', 'globex.example');
  const key = await tenants.key(boss, ['organisations:read']);
  const params = { id: boss.organisation };
  for (const as of [boss, key])
    expect(await tenants.call('getOrganisation', { as, params })).toMatchObject({ status: 200 });
  expect(await tenants.call('deleteOrganisation', { as: boss, params })).toMatchObject({ status: 204 });
  for (const as of [boss, key])
    expect(await tenants.call('getOrganisation', { as, params })).toMatchObject({ status: 401 });
  for (const table of ['members', 'sessions', 'api_keys', 'workspaces', 'roles', 'grants'])
    expect(await tenants.sql(`select from gatehouse.${table} where organisation_id = $1`, [params.id])).toEqual([]);
  expect(await auditOf(params.id, `organisation:${params.id}`)).toMatchObject([
    { action: 'organisation.deleted', record: { before: { name: 'Globex' } } },
  ]);
  expect(await tenants.sql('select broken from gatehouse.audit_verify($1, 0, 1000)', [params.id])).toEqual([
    { broken: null },
  ]);
});
