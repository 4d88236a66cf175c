import { randomUUID } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import * as z from 'zod/mini';
import { type AuthDeps, auth } from '../../lambdas/auth/auth';
import { authRoutes } from '../../lambdas/auth/contract';
import { signingKeysOf } from '../../lambdas/auth/signing-keys';
import { postgresUsers } from '../../lambdas/auth/users';
import { ORGANISATIONS, SEED_USERS, seed } from '../../lambdas/seed/seed';
import { verifyToken } from '../../lambdas/shared/jwt';
import { publicKeys } from '../../lambdas/shared/key-ring';
import type { Role } from '../../lambdas/shared/permissions';
import { serve } from '../../lambdas/shared/serve';
import { context, event } from '../support/event';
import { captureOutput } from '../support/output';
import { cheapHash } from '../support/passwords';
import { type PlatformDatabase, startPlatformDatabase } from '../support/platform-database';
import { ISSUER, NOW_SECONDS, signer } from '../support/tokens';

const output = captureOutput();
const { ring, kid, keys } = signer();
const PASSWORD = 'correct horse';
const JTI = '7d4f5a3e-9a41-4b0c-8a7e-6f1d2c3b4a59';

let database: PlatformDatabase;
beforeAll(async () => {
  database = await startPlatformDatabase();
  await seed(database.app, cheapHash(PASSWORD));
}, 30_000);
afterAll(() => database.stop());

const started = (changed: Partial<AuthDeps> = {}) =>
  serve(
    authRoutes,
    auth({
      users: postgresUsers(database.app),
      keys: signingKeysOf(
        'secret',
        () => 0,
        async () => JSON.stringify(ring),
      ),
      passwordGrant: true,
      nowSeconds: () => NOW_SECONDS,
      newId: () => JTI,
      ...changed,
    }),
    { corsOrigin: '*' },
  );

type Request = Parameters<typeof event>[0];
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };
const Json = z.looseObject({});

async function call(request: Request, handler = started()) {
  const { statusCode: status, headers = {}, body } = await handler(event(request), context);
  return { status, headers, body: Json.parse(JSON.parse(body)) };
}

const post = (body: string, handler = started(), headers: Readonly<Record<string, string>> = FORM) =>
  call({ method: 'POST', resource: '/v1/auth/token', headers, body }, handler);
const login = (username: string, password: string, handler = started()) =>
  post(new URLSearchParams({ grant_type: 'password', username, password }).toString(), handler);
const Granted = z.object({ access_token: z.string(), token_type: z.literal('Bearer'), expires_in: z.literal(900) });

test('the right password gets an access token of RFC 9068 that our own verifier takes', async () => {
  const editor = SEED_USERS.find(({ email }) => email === 'editor@globex.example');
  const { status, headers, body } = await login('Editor@Globex.example', PASSWORD);
  expect({ status, cache: headers['cache-control'], pragma: headers.pragma }).toEqual({
    status: 200,
    cache: 'no-store',
    pragma: 'no-cache',
  });
  const { access_token } = Granted.parse(body);
  expect(decodeProtectedHeader(access_token)).toEqual({ alg: 'RS256', typ: 'at+jwt', kid });
  expect(decodeJwt(access_token)).toEqual({
    iss: ISSUER,
    aud: ISSUER,
    sub: editor?.id,
    client_id: 'gatehouse',
    iat: NOW_SECONDS,
    nbf: NOW_SECONDS,
    exp: NOW_SECONDS + 900,
    jti: JTI,
    org: editor?.organisation,
    roles: ['editor'],
  });
  expect(verifyToken(access_token, keys, { issuer: ISSUER, nowSeconds: NOW_SECONDS })).toMatchObject({ ok: true });
  expect(output.text()).not.toMatch(/correct horse|eyJ|editor@/i);
});

const addUser = (email: string, password?: string) =>
  database.app.query('insert into gatehouse.users (email, name, password_hash) values ($1, $1, $2)', [
    email,
    password === undefined ? null : cheapHash(password),
  ]);

test('a wrong password, an unknown user, one of an external issuer and one without an organisation get one answer', async () => {
  await addUser('external@acme.example');
  await addUser('nowhere@acme.example', PASSWORD);
  const answers = [
    await login('admin@acme.example', 'wrong'),
    await login('nobody@acme.example', PASSWORD),
    await login('external@acme.example', 'null'),
    await login('nowhere@acme.example', PASSWORD),
  ];
  for (const answer of answers) expect(answer).toEqual(answers[0]);
  expect(answers[0]).toMatchObject({
    status: 400,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: { error: 'invalid_grant', error_description: 'the username or the password is wrong' },
  });
});

const GOOD = 'grant_type=password&username=admin%40acme.example&password=x';
test.each([
  ['another grant type', 'grant_type=client_credentials', 400, 'unsupported_grant_type'],
  ['no grant type', 'username=a&password=b', 400, 'invalid_request'],
  ['no username', 'grant_type=password&password=b', 400, 'invalid_request'],
  ['no password', 'grant_type=password&username=a', 400, 'invalid_request'],
  ['an empty password', 'grant_type=password&username=a&password=', 400, 'invalid_request'],
  ['a parameter given twice', `${GOOD}&password=y`, 400, 'invalid_request'],
  ['a parameter given twice with one value', `${GOOD}&grant_type=password`, 400, 'invalid_request'],
  ['a parameter that is not known', `${GOOD}&admin=true`, 400, 'invalid_request'],
  ['a NUL in the username', 'grant_type=password&username=a%00&password=b', 400, 'invalid_request'],
  ['a line break in the username', 'grant_type=password&username=a%0A&password=b', 400, 'invalid_request'],
  ['a username too long', `grant_type=password&username=${'a'.repeat(1025)}&password=b`, 400, 'invalid_request'],
  ['a password too long', `grant_type=password&username=a&password=${'b'.repeat(1025)}`, 400, 'invalid_request'],
  ['no body', '', 400, 'invalid_request'],
  ['a body over the limit', `${GOOD}${'&'.repeat(262_144)}`, 413, 'invalid_request'],
])('%s is refused in the form of RFC 6749, and never cached', async (_, body, status, error) => {
  const answer = await post(body);
  expect({ status: answer.status, error: answer.body.error }).toEqual({ status, error });
  expect(Object.keys(answer.body).toSorted()).toEqual(['error', 'error_description']);
  expect(answer.headers).toMatchObject({ 'content-type': 'application/json', 'cache-control': 'no-store' });
});

test.each([
  ['JSON', { 'Content-Type': 'application/json' }],
  ['no content type', {}],
])('a request with %s is a 415 in the form of RFC 6749', async (_, headers) => {
  expect(await post(GOOD, started(), headers)).toMatchObject({ status: 415, body: { error: 'invalid_request' } });
});

test('where the stage has the password grant off it is not offered, right password or not', async () => {
  const off = started({ passwordGrant: false });
  expect(await login('admin@acme.example', PASSWORD, off)).toMatchObject({
    status: 400,
    body: { error: 'unsupported_grant_type' },
  });
});

test('a database that is down is a 500 in the form of RFC 6749 that tells nothing', async () => {
  const users = { login: () => Promise.reject(new Error('connect db.internal')), members: async () => [] };
  const { status, body } = await login('admin@acme.example', PASSWORD, started({ users }));
  expect({ status, body }).toEqual({ status: 500, body: { error: 'server_error' } });
  expect(output.text()).toContain('connect db.internal');
});

const unready = () =>
  started({
    keys: signingKeysOf(
      'secret',
      () => 0,
      async () => '{"keys":[]}',
    ),
  });

describe('before the first signing key is there', () => {
  test('signing in answers 503 in the form of RFC 6749, and when to try again', async () => {
    await addUser('early@acme.example', PASSWORD);
    await database.app.query(
      "insert into gatehouse.memberships (organisation_id, user_id, role) select $1, id, 'viewer' from gatehouse.users where email = 'early@acme.example'",
      [ORGANISATIONS[0].id],
    );
    const { status, headers, body } = await login('early@acme.example', PASSWORD, unready());
    expect({ status, error: body.error, retry: headers['retry-after'] }).toEqual({
      status: 503,
      error: 'server_error',
      retry: '2',
    });
  });

  test('the JWKS answers 503 as a problem', async () => {
    const { status, headers, body } = await call({ resource: '/.well-known/jwks.json' }, unready());
    expect({ status, code: body.code, retry: headers['retry-after'] }).toEqual({
      status: 503,
      code: 'not_ready',
      retry: '2',
    });
  });
});

test('the JWKS is the public half of the ring', async () => {
  const { status, headers, body } = await call({ resource: '/.well-known/jwks.json' });
  expect({ status, body }).toEqual({ status: 200, body: publicKeys(ring) });
  expect(headers['cache-control']).toBe('public, max-age=300');
});

const members = (organisation: string, ...roles: Role[]) =>
  call({ resource: '/v1/members', principal: { kind: 'user', id: randomUUID(), organisation, roles } });

describe('listing members', () => {
  test.each(ORGANISATIONS)("shows an administrator of $name that organisation's and nobody else", async ({ id }) => {
    const { status, body } = await members(id, 'admin');
    const theirs = SEED_USERS.filter(({ organisation }) => organisation === id);
    expect(status).toBe(200);
    expect(body.members).toHaveLength(theirs.length + (id === ORGANISATIONS[0].id ? 1 : 0));
    expect(body.members).toEqual(
      expect.arrayContaining(
        theirs.map((user) => ({ id: user.id, email: user.email, name: user.name, roles: [user.role] })),
      ),
    );
  });

  test('shows nothing to an organisation that is not there', async () => {
    expect(await members(randomUUID(), 'admin')).toMatchObject({ status: 200, body: { members: [] } });
  });
});
