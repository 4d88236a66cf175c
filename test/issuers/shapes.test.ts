import { ORGANISATIONS } from '../../lambdas/seed/seed';
import { ask } from '../support/handled';
import { startIssuers, type TestIssuers } from '../support/issuers';
import { startOidc, type TestOidc } from '../support/oidc';
import { captureOutput } from '../support/output';

captureOutput();
const [ACME] = ORGANISATIONS;
const API = 'https://api.acme.example';
const ROLES = 'https://acme.example/roles';
const APP = 'https://app.acme.example';

let world: TestIssuers;
let auth0: TestOidc;
let clerk: TestOidc;
let authorize: ReturnType<TestIssuers['environment']>;
let ids: { auth0: string; clerk: string };

const create = async (body: object) => {
  const admin = await world.tenants.signedIn('admin');
  const { status, text } = await ask(world.api, {
    method: 'POST',
    resource: '/v1/issuers',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    principal: admin,
  });
  expect({ status, text }).toMatchObject({ status: 201 });
  return String(Object(JSON.parse(text)).id);
};

beforeAll(async () => {
  // Auth0's issuers end with a slash, Clerk's do not.
  [world, auth0, clerk] = await Promise.all([startIssuers(), startOidc('/'), startOidc()]);
  authorize = world.environment();
  ids = {
    auth0: await create({
      kind: 'auth0',
      issuer: auth0.issuer,
      audience: API,
      requiredClaim: { claim: 'org_id', value: 'org_acme' },
      roles: { claim: ROLES, map: { Administrator: 'admin', Reader: 'viewer', Writer: 'editor' } },
    }),
    clerk: await create({
      kind: 'clerk',
      issuer: clerk.issuer,
      authorizedParties: [APP],
      roles: { map: { 'org:admin': 'admin', 'org:member': 'viewer' } },
    }),
  };
}, 60_000);
afterAll(() => Promise.all([world.stop(), auth0.stop(), clerk.stop()]));
beforeEach(() => {
  world.clock.nowMs = Date.now();
});

const ago = (seconds: number) => Math.floor(Date.now() / 1000) - seconds;

/** As Auth0 makes them for a user who signed in to an organisation. */
const auth0Token = (sub: string, roles: readonly string[], change: object = {}) =>
  auth0.token({
    header: { typ: 'JWT' },
    payload: {
      sub,
      aud: [API, `${auth0.issuer}userinfo`],
      azp: 'spa-client-id',
      scope: 'openid profile email',
      org_id: 'org_acme',
      permissions: ['read:things'],
      [ROLES]: roles,
      client_id: null,
      ...change,
    },
  });

/** As Clerk makes session tokens: version 2, and version 1. */
const clerkToken = (sub: string, role: string, change: object = {}) =>
  clerk.token({
    header: { typ: 'JWT', cat: 'cl_B7d4PD111AAA' },
    payload: {
      sub,
      aud: null,
      client_id: null,
      azp: APP,
      sid: 'sess_2abc',
      sts: 'active',
      v: 2,
      fva: [0, -1],
      o: { id: 'org_2def', slg: 'acme', rol: role, per: 'manage', fpm: '1' },
      ...change,
    },
  });
const clerkTokenV1 = (sub: string, role: string) =>
  clerkToken(sub, '', {
    v: null,
    o: null,
    org_id: 'org_2def',
    org_slug: 'acme',
    org_role: `org:${role}`,
    org_permissions: [],
  });

const member = async (id: string | undefined) => {
  const { rows } = await world.tenants.database.master.query(
    `select m.roles, m.removed_at is not null as removed, u.name, u.email, u.external_issuer, u.external_subject
     from gatehouse.members m join gatehouse.users u on u.id = m.user_id where m.organisation_id = $1 and m.user_id = $2`,
    [ACME.id, id],
  );
  return rows[0] as unknown;
};

test('who comes with a token of Auth0 is made a user at first sight, with the roles that it maps', async () => {
  const identity = await authorize(
    await auth0Token('auth0|ada', ['Administrator'], { name: 'Ada', email: 'Ada@acme.example' }),
  );
  expect(await world.calls(identity)).toEqual({ status: 200, id: identity?.id, roles: ['admin'] });
  expect(await member(identity?.id)).toEqual({
    roles: ['admin'],
    removed: false,
    name: 'Ada',
    email: 'ada@acme.example',
    external_issuer: auth0.issuer,
    external_subject: 'auth0|ada',
  });
});

test.each([
  ['version 2', clerkToken],
  ['version 1', clerkTokenV1],
])(
  'who comes with a session token of Clerk, %s, is made a user at first sight, with the role that it maps',
  async (version, token) => {
    const identity = await authorize(await token(`user_${version}`, 'member'));
    expect(await world.calls(identity)).toEqual({ status: 200, id: identity?.id, roles: ['viewer'] });
    // `sess_…` is Clerk's session and none of ours.
    expect(identity).toMatchObject({ organisation: ACME.id, session: undefined });
  },
);

test.each([
  ['of another organisation of Auth0', () => auth0Token('auth0|eve', ['Administrator'], { org_id: 'org_evil' })],
  ['for another audience', () => auth0Token('auth0|eve', ['Administrator'], { aud: 'https://other.example' })],
  ['for Auth0’s user info alone', () => auth0Token('auth0|eve', ['Administrator'], { aud: `${auth0.issuer}userinfo` })],
  ['whose roles are none of the map', () => auth0Token('auth0|eve', ['Owner', 'admin'])],
  ['of another app of Clerk', () => clerkToken('user_eve', 'admin', { azp: 'https://evil.example' })],
  ['of no app of Clerk', () => clerkToken('user_eve', 'admin', { azp: null })],
  ['that says it is of the other issuer', () => clerkToken('user_eve', 'admin', { iss: auth0.issuer, aud: API })],
  ['that lives for a week', () => auth0Token('auth0|eve', ['Administrator'], { exp: ago(-7 * 86_400) })],
])('a token %s is refused', async (_, token) => {
  expect(await authorize(await token())).toBeUndefined();
});

test('a newer token changes roles on its first request, and an older one does not bring them back', async () => {
  const older = await authorize(await auth0Token('auth0|ben', ['Administrator'], { iat: ago(60) }));
  expect(await world.calls(older)).toMatchObject({ roles: ['admin'] });
  const newer = await authorize(await auth0Token('auth0|ben', ['Reader'], { iat: ago(30) }));
  expect(newer?.id).toBe(older?.id);
  expect(await world.calls(newer)).toMatchObject({ roles: ['viewer'] });
  expect(await world.calls(older)).toMatchObject({ roles: ['viewer'] });
  await world.tenants.redis.client.flushall();
  expect(await world.calls(older)).toMatchObject({ roles: ['viewer'] });
});

const said = async (seconds: number, role: string) => {
  const identity = await authorize(await auth0Token('auth0|cleo', [role], { iat: ago(seconds) }));
  await world.tenants.redis.client.flushall();
  return (await world.calls(identity)).roles;
};

test('a newer token that says the same keeps an older one from bringing back what was said between', async () => {
  expect(await said(90, 'Reader')).toEqual(['viewer']);
  expect(await said(30, 'Reader')).toEqual(['viewer']);
  expect(await said(60, 'Administrator')).toEqual(['viewer']);
});

test('a removed member stays removed, whatever tokens come', async () => {
  const identity = await authorize(await auth0Token('auth0|dan', ['Reader'], { iat: ago(60) }));
  await world.calls(identity);
  const admin = await world.tenants.signedIn('admin');
  const author = { principal: admin, origin: { requestId: 'r', sourceIp: '', userAgent: '' } };
  await world.tenants.changes.change(author, { voids: [`user:${identity?.id}`] }, (tx) =>
    tx.query('update gatehouse.members set removed_at = now() where organisation_id = $1 and user_id = $2', [
      ACME.id,
      identity?.id,
    ]),
  );
  expect(await world.calls(identity)).toEqual({ status: 401 });
  expect(await world.calls(await authorize(await auth0Token('auth0|dan', ['Administrator'])))).toEqual({ status: 401 });
  expect(await member(identity?.id)).toMatchObject({ removed: true, roles: ['viewer'] });
});

test('a first sight and a change of roles stand in the audit', async () => {
  const first = await authorize(await auth0Token('auth0|fay', ['Reader'], { iat: ago(60) }));
  await world.calls(first);
  await world.calls(await authorize(await auth0Token('auth0|fay', ['Writer'], { iat: ago(30) })));
  const { rows } = await world.tenants.database.master.query(
    'select record::jsonb as r from gatehouse.audit_log where target = $1 order by seq',
    [`member:${first?.id}`],
  );
  expect(rows.map(({ r }) => r)).toMatchObject([
    { action: 'member.added', after: { roles: ['viewer'], issuer: auth0.issuer } },
    { action: 'member.roles_said', before: { roles: ['viewer'] }, after: { roles: ['editor'] } },
  ]);
});

test('an issuer that is disabled admits nobody at their next request, though the authorizer has kept its answer', async () => {
  const identity = await authorize(await clerkToken('user_gus', 'member'));
  expect(await world.calls(identity)).toMatchObject({ status: 200 });
  const admin = await world.tenants.signedIn('admin');
  const patch = (body: object) =>
    ask(world.api, {
      method: 'PATCH',
      resource: '/v1/issuers/{id}',
      params: { id: ids.clerk },
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      principal: admin,
    });
  expect(await patch({ disabled: true })).toMatchObject({ status: 200 });
  expect(await world.calls(identity)).toEqual({ status: 401 });
  expect(await world.environment()(await clerkToken('user_gus', 'member'))).toBeUndefined();
  expect(await patch({ disabled: false })).toMatchObject({ status: 200 });
  expect(await world.calls(identity)).toMatchObject({ status: 200 });
});
