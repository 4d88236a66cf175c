import { PERMISSIONS, ROLES } from '../../lambdas/shared/access/permissions';
import type { Identity } from '../../lambdas/shared/access/principal';
import { startKeys, type TestKeys } from '../support/machine-keys';
import { captureOutput } from '../support/output';

captureOutput();
let keys: TestKeys;
let admin: Identity;
let editor: Identity;
beforeAll(async () => {
  keys = await startKeys();
  [admin, editor] = await Promise.all([keys.tenants.signedIn('admin'), keys.tenants.signedIn('editor')]);
}, 30_000);
afterAll(() => keys.stop());

const make = (by: Identity, settings: Record<string, unknown>) =>
  keys.call('POST /v1/keys', { by, body: { name: 'made', scopes: ['graph:query'], ...settings } });
const patch = (by: Identity, id: string, body: unknown) => keys.call('PATCH /v1/keys/{id}', { by, id, body });
const bearerOf = async (settings: Record<string, unknown>, by = admin) =>
  keys.bearer((await keys.made(by, settings)).key);
/** May make keys, and one thing more. */
const MAKER = ['keys:write', 'keys:read', 'graph:query'];

/** A client that holds these scopes. */
async function client(scopes: string[]): Promise<Identity> {
  const { body } = await keys.call('POST /v1/clients', {
    by: admin,
    body: { kind: 'confidential', name: 'c', scopes },
  });
  return { kind: 'client', id: String(body.id), organisation: admin.organisation };
}

test('a maker gives a key all that it holds itself', async () => {
  expect((await make(admin, { scopes: PERMISSIONS })).status).toBe(201);
  expect((await make(editor, { scopes: ROLES.editor })).status).toBe(201);
});

test.each(['viewer', 'api_user'] as const)('a %s makes no key at all', async (role) => {
  expect((await make(await keys.tenants.signedIn(role), {})).status).toBe(403);
});

test('a scope that the maker does not hold is refused by name, and those that it holds are not named', async () => {
  const { status, body } = await make(editor, { scopes: ['graph:query', 'audit:read', 'clients:write'] });
  expect([status, body.detail]).toEqual([403, 'these scopes are more than you hold: audit:read, clients:write']);
});

test('a refused attempt to give more than one holds is in the audit, once a minute', async () => {
  for (let n = 0; n < 3; n++) await make(editor, { scopes: ['audit:read'] });
  const rows = (await keys.noted('operation:createKey')).filter(({ actor }) => actor === `user:${editor.id}`);
  expect(rows).toHaveLength(1);
  expect(JSON.parse(rows[0]?.record ?? '')).toMatchObject({
    action: 'access.refused',
    outcome: 'refused',
    reason: expect.stringContaining('more than you hold'),
  });
});

test('a key acts with what is in its scopes and with its owner at this moment', async () => {
  const bearer = await bearerOf({ scopes: ['keys:read', 'clients:read'] }, admin);
  const list = async () => [
    (await keys.call('GET /v1/keys', { by: bearer })).status,
    (await keys.call('GET /v1/clients', { by: bearer })).status,
  ];
  expect(await list()).toEqual([200, 200]);
  const setRoles = (roles: string[]) =>
    keys.tenants.changes.change(
      { principal: admin, origin: { requestId: '', sourceIp: '', userAgent: '' } },
      { voids: 'organisation' },
      (tx) =>
        tx.query('update gatehouse.members set roles = $3 where organisation_id = $1 and user_id = $2', [
          admin.organisation,
          admin.id,
          roles,
        ]),
    );
  await setRoles(['editor']);
  expect(await list()).toEqual([200, 403]);
  await setRoles(['viewer']);
  expect(await list()).toEqual([403, 403]);
  await setRoles(['admin']);
  expect(await list()).toEqual([200, 200]);
});

describe('a key that makes keys', () => {
  test('gives them to its own owner, and no scope that it lacks itself though its owner has it', async () => {
    const bearer = await bearerOf({ scopes: MAKER });
    expect((await make(bearer, {})).body).toMatchObject({ owner: admin.id });
    expect((await make(bearer, { scopes: ['audit:read'] })).status).toBe(403);
  });

  test('hands on what binds it where nothing else is asked for', async () => {
    const addresses = { ipRanges: ['192.0.2.0/24'], expiresAt: '2099-01-01T00:00:00+00:00' };
    const bounds = { ...addresses, plan: 'pro', limits: { perMinute: 100 } };
    const bearer = await bearerOf({ scopes: MAKER, ...bounds });
    expect((await make(bearer, {})).body).toMatchObject(bounds);
    expect((await make(bearer, { plan: null, limits: null })).body).toMatchObject(bounds);
    expect((await make(bearer, { limits: { perMinute: 100 } })).status).toBe(201);
    expect((await make(bearer, { limits: { perMinute: 101 } })).status).toBe(403);
    const narrower = { ipRanges: ['192.0.2.128/25'], expiresAt: '2098-01-01T00:00:00+00:00' };
    expect((await make(bearer, narrower)).body).toMatchObject({ ...bounds, ...narrower });
  });

  test.each([
    ['from every address', { ipRanges: [] }],
    ['from a wider range', { ipRanges: ['192.0.0.0/16'] }],
    ['from one range inside and one outside', { ipRanges: ['192.0.2.1', '198.51.100.1'] }],
    ['without an end', { expiresAt: null }],
    ['with a later end', { expiresAt: '2099-01-02T00:00:00Z' }],
  ])('makes none that may be used %s', async (_, wider) => {
    const bearer = await bearerOf({ scopes: MAKER, ipRanges: ['192.0.2.0/24'], expiresAt: '2099-01-01T00:00:00Z' });
    expect((await make(bearer, wider)).body).toMatchObject({
      status: 403,
      detail: expect.stringContaining('your own key'),
    });
  });

  test('frees neither itself nor another from what binds it', async () => {
    const own = await keys.made(admin, {
      scopes: MAKER,
      ipRanges: ['192.0.2.0/24'],
      expiresAt: '2099-01-01T00:00:00Z',
    });
    const bearer = await keys.bearer(own.key);
    const other = await keys.made(admin);
    for (const { id } of [own, other])
      for (const wider of [{ ipRanges: [] }, { expiresAt: null }])
        expect((await patch(bearer, id, wider)).status).toBe(403);
    expect((await keys.call('POST /v1/keys/{id}/rotate', { by: bearer, id: other.id, body: {} })).status).toBe(403);
    expect((await keys.call('POST /v1/keys/{id}/rotate', { by: bearer, id: own.id, body: {} })).status).toBe(201);
  });

  test('makes no client when it is bound itself, because a client is not', async () => {
    const body = { kind: 'confidential', name: 'c', scopes: ['graph:query'] };
    const by = async (settings: Record<string, unknown>) =>
      (
        await keys.call('POST /v1/clients', {
          by: await bearerOf({ scopes: [...MAKER, 'clients:write'], ...settings }),
          body,
        })
      ).status;
    expect(await by({})).toBe(201);
    expect(await by({ ipRanges: ['192.0.2.0/24'] })).toBe(403);
    expect(await by({ expiresAt: '2099-01-01T00:00:00Z' })).toBe(403);
  });
});

test('a client owns no key: it is told so when it makes or rotates one', async () => {
  const by = await client([...MAKER]);
  expect((await make(by, {})).body).toMatchObject({
    status: 403,
    detail: 'a key belongs to a person: a client can have none',
  });
  const { id } = await keys.made(admin);
  expect((await keys.call('POST /v1/keys/{id}/rotate', { by, id, body: {} })).status).toBe(403);
  expect((await patch(by, id, { disabled: true })).status).toBe(200);
});

describe('of a key with more scopes than the caller holds', () => {
  test.each([
    ['a new name', { name: 'renamed' }, 200],
    ['its disabling', { disabled: true }, 200],
    ['its enabling', { disabled: false }, 403],
    ['a later end', { expiresAt: '2099-01-01T00:00:00Z' }, 403],
    ['other ranges', { ipRanges: ['192.0.2.0/24'] }, 403],
    ['another scope that the caller holds', { scopes: ['audit:read', 'graph:query'] }, 403],
    ['fewer scopes, all of which the caller holds', { scopes: ['graph:query'] }, 200],
  ])('%s by the caller answers as its rights say', async (_, body, status) => {
    const { id } = await keys.made(admin, { scopes: ['audit:read'] });
    expect((await patch(editor, id, body)).status).toBe(status);
  });

  test('the secret is never shown to the caller by a rotation', async () => {
    const { id } = await keys.made(admin, { scopes: ['audit:read'] });
    const { status, body } = await keys.call('POST /v1/keys/{id}/rotate', { by: editor, id, body: {} });
    expect([status, body.detail]).toEqual([403, 'these scopes are more than you hold: audit:read']);
  });
});

describe('a plan of its own', () => {
  test('is given by whoever may write the organisation, and by nobody else', async () => {
    expect((await make(admin, { plan: 'pro' })).body).toMatchObject({ plan: 'pro' });
    expect((await make(editor, { plan: 'pro' })).body).toMatchObject({
      status: 403,
      detail: expect.stringContaining('organisations:write'),
    });
    expect((await make(editor, { plan: null })).status).toBe(201);
  });

  test('is changed and taken away only by whoever may give it', async () => {
    const { id } = await keys.made(admin, { plan: 'pro' });
    expect((await patch(editor, id, { plan: null })).status).toBe(403);
    expect((await patch(editor, id, { plan: 'enterprise' })).status).toBe(403);
    expect((await patch(editor, id, { plan: 'pro', ipRanges: [] })).status).toBe(200);
    expect((await patch(admin, id, { plan: null })).body).toMatchObject({ plan: null });
  });
});

describe('limits of its own', () => {
  const limits = { ratePerSecond: 0.5, burst: 5, perMinute: 20, quota: { requests: 100, per: 'day' } };

  test('are given by whoever may write the organisation, and by nobody else', async () => {
    expect((await make(admin, { limits })).body).toMatchObject({ limits });
    expect((await make(editor, { limits })).body).toMatchObject({
      status: 403,
      detail: 'limits of its own need the permission organisations:write',
    });
    expect((await make(editor, { limits: null })).body).toMatchObject({ limits: null });
  });

  test('are changed and taken away only by whoever may give them', async () => {
    const { id } = await keys.made(admin, { limits });
    expect((await patch(editor, id, { limits: null })).status).toBe(403);
    expect((await patch(editor, id, { limits: { ...limits, burst: 6 } })).status).toBe(403);
    expect((await patch(editor, id, { limits, ipRanges: [] })).status).toBe(200);
    expect((await patch(admin, id, { limits: { quota: null } })).body).toMatchObject({ limits: { quota: null } });
    expect((await patch(admin, id, { plan: 'pro' })).body).toMatchObject({ plan: 'pro', limits: { quota: null } });
    expect((await patch(admin, id, { limits: null })).body).toMatchObject({ limits: null });
  });

  test('are in lists and in the audit, before and after', async () => {
    const { id } = await keys.made(admin, { limits });
    await patch(admin, id, { limits: { burst: 6 } });
    expect((await keys.call('GET /v1/keys/{id}', { by: admin, id })).body).toMatchObject({ limits: { burst: 6 } });
    const [, changed] = await keys.noted(`key:${id}`);
    expect(JSON.parse(changed?.record ?? '')).toMatchObject({ before: { limits }, after: { limits: { burst: 6 } } });
  });

  test('count from the next request on of a key that was just used', async () => {
    const { id, key } = await keys.made(admin, { scopes: ['keys:read'] });
    const list = async () => (await keys.call('GET /v1/keys', { by: await keys.bearer(key) })).status;
    expect([await list(), await list()]).toEqual([200, 200]);
    await patch(admin, id, { limits: { ratePerSecond: 0.01, burst: 2 } });
    expect([await list(), await list(), await list()]).toEqual([200, 200, 429]);
  });

  test.each<[string, object]>([
    ['limits.burst', { burst: 0 }],
    ['limits.quota.per', { quota: { requests: 1, per: 'week' } }],
    ['limits.concurrency', { concurrency: 5 }],
  ])('that are none are refused by name: %s', async (name, wrong) => {
    expect((await make(admin, { limits: wrong })).body).toMatchObject({
      status: 400,
      detail: expect.stringContaining(name),
    });
  });
});

const rotate = (by: Identity, id: string, body: unknown = {}, headers = {}) =>
  keys.call('POST /v1/keys/{id}/rotate', { by, id, body, headers });
/** Minutes that a key of this end goes on after it was rotated. */
async function minutesLeft(expiresAt: string | null): Promise<number> {
  const { id } = await keys.made(admin, { expiresAt });
  await rotate(admin, id);
  const { body } = await keys.call('GET /v1/keys/{id}', { by: admin, id });
  return Math.round((Date.parse(String(body.expiresAt)) - Date.now()) / 60_000);
}

describe('a rotation', () => {
  const settings = {
    scopes: ['keys:read'],
    ipRanges: ['192.0.2.0/24'],
    expiresAt: '2099-01-01T00:00:00+00:00',
    plan: 'pro',
    limits: { perMinute: 100 },
  };

  test('gives a key with the same settings; both are good for the overlap, and the old one says what took its place', async () => {
    const old = await keys.made(admin, settings);
    const { status, headers, body } = await rotate(admin, old.id, { overlapSeconds: 60 });
    const made = keys.shown(body);
    expect([status, headers.location]).toEqual([201, `/v1/keys/${made.id}`]);
    expect(body).toMatchObject({ ...settings, owner: admin.id, replaces: { id: old.id } });
    for (const { key } of [old, made])
      expect((await keys.call('GET /v1/keys', { by: await keys.bearer(key) })).status).toBe(200);
    const { body: before } = await keys.call('GET /v1/keys/{id}', { by: admin, id: old.id });
    expect(before).toMatchObject({ replacedBy: made.id });
    const left = Date.parse(String(before.expiresAt)) - Date.now();
    expect([left > 50_000, left <= 60_000]).toEqual([true, true]);
  });

  test('without an overlap ends the old key at once', async () => {
    const old = await keys.made(admin, settings);
    const by = await keys.bearer(old.key);
    expect((await keys.call('GET /v1/keys', { by })).status).toBe(200);
    await rotate(admin, old.id, { overlapSeconds: 0 });
    expect((await keys.call('GET /v1/keys', { by })).status).toBe(401);
  });

  test('overlaps for a day unless it says otherwise, and never past the old end', async () => {
    expect(await minutesLeft(null)).toBe(1440);
    expect(await minutesLeft(new Date(Date.now() + 3_600_000).toISOString())).toBe(60);
  });

  test('sent again is answered with the same key, also when many are sent at once', async () => {
    const old = await keys.made(admin, settings);
    const answers = await Promise.all([1, 2, 3].map(() => rotate(admin, old.id, {}, { 'Idempotency-Key': 'r-1' })));
    expect(answers.map(({ status, body }) => [status, body])).toEqual(answers.map(() => [201, answers[0]?.body]));
    await expect(keys.bearer(keys.shown(answers[0]?.body).key)).resolves.toBeDefined();
    const other = await keys.made(admin, settings);
    expect((await rotate(admin, other.id, {}, { 'Idempotency-Key': 'r-1' })).status).toBe(409);
  });

  test('of many at once of one key makes one successor', async () => {
    const old = await keys.made(admin, settings);
    const answers = await Promise.all([1, 2, 3, 4].map(() => rotate(admin, old.id)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(3);
  });

  test('of a key that is disabled, over, or rotated already is refused', async () => {
    const old = await keys.made(admin, settings);
    await patch(admin, old.id, { disabled: true });
    expect((await rotate(admin, old.id)).status).toBe(409);
    await patch(admin, old.id, { disabled: false });
    expect((await rotate(admin, old.id)).status).toBe(201);
    expect((await rotate(admin, old.id)).body.detail).toContain('rotated already');
    const over = await keys.made(admin);
    await keys.tenants.database.master.query('update gatehouse.api_keys set expires_at = now() where id = $1', [
      over.id,
    ]);
    expect((await rotate(admin, over.id)).status).toBe(409);
  });

  test('gives the new key to whoever is shown it: the old owner does not stand for what another knows', async () => {
    const old = await keys.made(editor);
    expect((await rotate(admin, old.id)).body).toMatchObject({ owner: admin.id });
  });

  test('by the key itself works, as a machine does it', async () => {
    const own = await keys.made(editor, { scopes: MAKER });
    const { status, body } = await rotate(await keys.bearer(own.key), own.id);
    expect([status, body.owner]).toEqual([201, editor.id]);
  });

  test.each([-1, 604_801, 1.5, '60'])('with an overlap of %p is refused', async (overlapSeconds) => {
    const { id } = await keys.made(admin);
    expect((await rotate(admin, id, { overlapSeconds })).status).toBe(400);
  });

  test('is in the audit on both keys', async () => {
    const old = await keys.made(admin);
    const made = keys.shown((await rotate(admin, old.id)).body);
    expect((await keys.noted(`key:${old.id}`)).map(({ action }) => action)).toEqual(['key.created', 'key.rotated']);
    expect((await keys.noted(`key:${made.id}`)).map(({ action }) => action)).toEqual(['key.created']);
  });
});
