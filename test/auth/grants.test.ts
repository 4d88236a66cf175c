import { randomUUID } from 'node:crypto';
import { decodeProtectedHeader } from 'jose';
import { signingKeysOf } from '../../lambdas/auth/signing-keys';
import { namesOf, setOfRole } from '../../lambdas/shared/access/permissions';
import { newClientSecret } from '../../lambdas/shared/credentials/api-key';
import { verifyToken } from '../../lambdas/shared/credentials/jwt';
import { publicKeys } from '../../lambdas/shared/credentials/key-ring';
import { NO_ORGANISATION } from '../../lambdas/shared/stores/audit';
import { captureOutput } from '../support/output';
import { cheapHash } from '../support/passwords';
import { PASSWORD, userOf } from '../support/tenants';
import { ISSUER } from '../support/tokens';
import { basic, call, claimsOf, Granted, hash, keys, kid, postForm, ring, startAuth, type TestAuth } from './support';

const output = captureOutput();
let given: TestAuth;
beforeAll(async () => {
  given = await startAuth();
}, 60_000);
afterAll(() => given.stop());
beforeEach(() => given.tenants.redis.client.flushdb());

const login = (
  username: string,
  password: string,
  more: Readonly<Record<string, string>> = {},
  handler = given.handler,
) => postForm(handler, '/v1/auth/token', { grant_type: 'password', username, password, ...more });
const sql = (text: string, values: unknown[] = []) => given.tenants.database.master.query(text, values);
const [acme, globex] = [userOf('admin').organisation, userOf('admin', 'globex.example').organisation];

describe('the password grant', () => {
  test('gives an access token of RFC 9068 that our own verifier takes, and a refresh token', async () => {
    const editor = userOf('editor', 'globex.example');
    const before = Math.floor(Date.now() / 1000);
    const { status, headers, body } = await login('Editor@Globex.example', PASSWORD);
    expect({ status, cache: headers['cache-control'], pragma: headers.pragma }).toEqual({
      status: 200,
      cache: 'no-store',
      pragma: 'no-cache',
    });
    const { access_token, refresh_token, scope } = Granted.parse(body);
    expect(decodeProtectedHeader(access_token)).toEqual({ alg: 'RS256', typ: 'at+jwt', kid });
    const claims = claimsOf(access_token);
    expect(claims).toEqual({
      iss: ISSUER,
      aud: ISSUER,
      sub: editor.id,
      client_id: 'gatehouse',
      iat: expect.any(Number),
      nbf: claims.iat,
      exp: claims.iat + 900,
      jti: expect.any(String),
      sid: expect.any(String),
      org: editor.organisation,
      roles: ['editor'],
      plan: 'free',
      ver: 1,
    });
    expect(claims.iat).toBeGreaterThanOrEqual(before);
    expect(verifyToken(access_token, keys, { issuer: ISSUER, nowSeconds: claims.iat })).toMatchObject({ ok: true });
    expect(refresh_token).toMatch(/^ghr_[\w-]{43}$/);
    expect(scope.split(' ')).toEqual(namesOf(setOfRole('editor')));
    expect(output.text()).not.toMatch(/correct horse|eyJ|editor@|ghr_/i);
    const stored = await sql(
      'select device, address, expires_at - created_at as idle, ends_at - created_at as most from gatehouse.sessions where id = $1',
      [claims.sid],
    );
    expect(stored.rows[0]).toMatchObject({ idle: { days: 7 }, most: { days: 30 } });
    expect(await given.audit(globex)).toContainEqual(
      expect.objectContaining({
        actor: `user:${editor.id}`,
        action: 'session.opened',
        target: `session:${claims.sid}`,
      }),
    );
  });

  test('stores nothing of a refresh token but its digest', async () => {
    const { refresh_token } = Granted.parse((await login('viewer@acme.example', PASSWORD)).body);
    const { rows } = await sql("select encode(digest, 'escape') as digest from gatehouse.refresh_tokens");
    expect(JSON.stringify(rows)).not.toContain(refresh_token.slice(4));
  });

  test('gives one answer for all that is wrong: password, user, issuer, membership, a disabled user', async () => {
    const addUser = (email: string, status = 'active', issuer: string | null = null) =>
      sql(
        'insert into gatehouse.users (email, name, status, external_issuer, external_subject, password_hash) values ($1, $1, $2, $3, $3, $4)',
        [email, status, issuer, cheapHash(PASSWORD)],
      );
    await addUser('external@acme.example', 'active', 'https://issuer.example');
    await addUser('nowhere@acme.example');
    await addUser('disabled@acme.example', 'disabled');
    await sql(
      "insert into gatehouse.members (organisation_id, user_id, roles) select $1, id, '{viewer}' from gatehouse.users where email like '%abled@acme.example'",
      [acme],
    );
    const answers = [
      await login('admin@acme.example', 'wrong'),
      await login('nobody@acme.example', PASSWORD),
      await login('external@acme.example', PASSWORD),
      await login('nowhere@acme.example', PASSWORD),
      await login('disabled@acme.example', PASSWORD),
      await login('admin@acme.example', PASSWORD, { organisation: globex }),
      await login('admin@acme.example', PASSWORD, { workspace: randomUUID() }),
      ...(await Promise.all(
        ['admin', 'admin@acme', '%', "' or true --", ' admin@acme.example'].map((name) => login(name, PASSWORD)),
      )),
    ];
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0]).toMatchObject({
      status: 400,
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
      body: { error: 'invalid_grant', error_description: 'the username or the password is wrong' },
    });
  });

  test("notes a failure in the audit of the user's organisation, one of nobody in that of no tenant, never the name", async () => {
    await login('api-user@acme.example', 'wrong');
    await login('my password, typed in the wrong field', 'x');
    const failed = { actor: 'nobody', action: 'login.failed', outcome: 'refused' };
    expect(await given.audit(acme)).toContainEqual(
      expect.objectContaining({ ...failed, target: `user:${userOf('api_user').id}` }),
    );
    const nobodys = await given.audit(NO_ORGANISATION);
    expect(nobodys).toContainEqual(expect.objectContaining({ ...failed, target: 'user:unknown' }));
    expect(JSON.stringify(nobodys)).not.toContain('typed in');
  });

  test('signs in to the oldest membership, or to the organisation and workspace that are asked for', async () => {
    const { id } = userOf('viewer');
    await sql("insert into gatehouse.members (organisation_id, user_id, roles) values ($1, $2, '{editor}')", [
      globex,
      id,
    ]);
    const workspace = randomUUID();
    await sql("insert into gatehouse.workspaces (id, organisation_id, name) values ($1, $2, 'Berlin')", [
      workspace,
      globex,
    ]);
    await sql(
      "insert into gatehouse.workspace_members (organisation_id, workspace_id, user_id, roles) values ($1, $2, $3, '{viewer,writers}')",
      [globex, workspace, id],
    );
    await sql(
      "insert into gatehouse.roles (organisation_id, name, permissions) values ($1, 'writers', '{metrics:read}')",
      [globex],
    );
    const at = async (wish: Readonly<Record<string, string>>) => {
      const { access_token, scope } = Granted.parse((await login('viewer@acme.example', PASSWORD, wish)).body);
      const { org, ws, roles } = claimsOf(access_token);
      return { org, ws, roles, mayReadMetrics: scope.includes('metrics:read') };
    };
    expect(await at({})).toEqual({ org: acme, ws: undefined, roles: ['viewer'], mayReadMetrics: false });
    expect(await at({ organisation: globex })).toEqual({
      org: globex,
      ws: undefined,
      roles: ['editor'],
      mayReadMetrics: false,
    });
    const there = { org: globex, ws: workspace, roles: ['editor', 'viewer', 'writers'], mayReadMetrics: true };
    expect(await at({ organisation: globex, workspace })).toEqual(there);
    expect(await at({ workspace })).toEqual(there);
    await sql('update gatehouse.members set removed_at = now() where organisation_id = $1 and user_id = $2', [
      globex,
      id,
    ]);
    expect(await login('viewer@acme.example', PASSWORD, { organisation: globex })).toMatchObject({
      body: { error: 'invalid_grant' },
    });
  });

  test('makes the hash anew at the cost of today, and no session for a password that was replaced meanwhile', async () => {
    const { id } = userOf('admin', 'globex.example');
    const stored = async () =>
      (await sql('select password_hash, password_version from gatehouse.users where id = $1', [id])).rows[0];
    await sql('update gatehouse.users set password_hash = $2 where id = $1', [id, cheapHash(PASSWORD)]);
    expect(await login('admin@globex.example', PASSWORD)).toMatchObject({ status: 200 });
    expect(await stored()).toMatchObject({
      password_hash: expect.stringMatching(/^\$scrypt\$ln=16,r=8,p=2\$/),
      password_version: 1,
    });
    const answer = await login('admin@globex.example', PASSWORD, {}, given.with({ pool: replacingPool(id) }));
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  test('is not offered where the stage has it off, right password or not', async () => {
    const off = given.with({ passwordGrant: false });
    expect(await login('admin@acme.example', PASSWORD, {}, off)).toMatchObject({
      status: 400,
      body: { error: 'unsupported_grant_type' },
    });
    expect((await call(off, { resource: '/.well-known/oauth-authorization-server' })).text).not.toContain('"password"');
  });

  test('is for our own client alone', async () => {
    const [other, confidential] = [await given.client({ kind: 'public', secret_hash: null }), await given.client()];
    const grant = { grant_type: 'password', username: 'admin@acme.example', password: PASSWORD };
    const answers = [
      await given.token({ ...grant, client_id: other.id }),
      await given.token(grant, { headers: basic(confidential.id, confidential.secret) }),
    ];
    for (const answer of answers) expect(answer).toMatchObject({ status: 400, body: { error: 'unauthorized_client' } });
    expect(await given.token({ ...grant, client_id: 'gatehouse' })).toMatchObject({ status: 200 });
  });
});

/** A pool on which the user's password is replaced right after it was read. */
const replacingPool = (user: string) => async () => {
  const pool = await given.tenants.auth();
  const query = async (text: string, values: unknown[]) => {
    const found = await pool.query(text, values);
    await sql('update gatehouse.users set password_version = password_version + 1 where id = $1', [user]);
    return found;
  };
  return new Proxy(pool, { get: (target, name) => (name === 'query' ? query : Reflect.get(target, name)) });
};

describe('the client credentials grant', () => {
  const grant = { grant_type: 'client_credentials' };

  test.each(['Authorization: Basic', 'fields of the form'])(
    'gives a client that shows its secret in %s a token for itself',
    async (way) => {
      const { id, secret } = await given.client();
      const fields = way === 'fields of the form' ? { ...grant, client_id: id, client_secret: secret } : grant;
      const { status, body } = await given.token(
        fields,
        way === 'fields of the form' ? {} : { headers: basic(id, secret) },
      );
      expect({ status, refresh: body.refresh_token, scope: body.scope }).toEqual({
        status: 200,
        refresh: undefined,
        scope: 'graph:query tokens:introspect',
      });
      const claims = claimsOf(String(body.access_token));
      expect(claims).toMatchObject({ sub: id, client_id: id, org: acme, roles: [], plan: 'enterprise' });
      expect(claims.sid).toBeUndefined();
      expect(await given.audit(acme)).toContainEqual(
        expect.objectContaining({ actor: `client:${id}`, action: 'token.issued', target: `client:${id}` }),
      );
    },
  );

  test('takes the secret before a rotation as long as the overlap lasts', async () => {
    const old = newClientSecret('test');
    const previous_secret_hash = hash(old);
    const hour = 3_600_000;
    const during = await given.client({ previous_secret_hash, previous_until: new Date(Date.now() + hour) });
    const after = await given.client({ previous_secret_hash, previous_until: new Date(Date.now() - 1000) });
    expect(await given.token(grant, { headers: basic(during.id, old) })).toMatchObject({ status: 200 });
    expect(await given.token(grant, { headers: basic(during.id, during.secret) })).toMatchObject({ status: 200 });
    expect(await given.token(grant, { headers: basic(after.id, old) })).toMatchObject({ status: 401 });
  });

  test('refuses a client that is not known, disabled, or shows a wrong secret or none, in one way', async () => {
    const [good, disabled] = [await given.client(), await given.client({ disabled_at: new Date() })];
    const shown = [
      basic(good.id, 'wrong'),
      basic(disabled.id, disabled.secret),
      basic(randomUUID(), good.secret),
      basic("'; --", good.secret),
      basic('gatehouse', ''),
      { Authorization: 'Basic !' },
      { Authorization: 'Bearer x' },
    ];
    for (const headers of shown) {
      const answer = await given.token(grant, { headers });
      expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
      expect(answer.headers['www-authenticate']).toBe('Basic realm="gatehouse"');
    }
    for (const fields of [
      { client_id: good.id },
      { client_id: good.id, client_secret: 'wrong' },
      { client_id: 'gatehouse', client_secret: 'x' },
    ]) {
      const answer = await given.token({ ...grant, ...fields });
      expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
      expect(answer.headers['www-authenticate']).toBeUndefined();
    }
  });

  test('tells the audit of a wrong secret, once a minute at most', async () => {
    const { id } = await given.client();
    for (let count = 0; count < 3; count += 1) await given.token(grant, { headers: basic(id, `wrong ${count}`) });
    const told = (await given.audit(acme)).filter(({ target }) => target === `client:${id}`);
    expect(told).toEqual([
      {
        actor: `client:${id}`,
        action: 'access.refused',
        target: `client:${id}`,
        outcome: 'refused',
        reason: 'wrong secret',
      },
    ]);
  });

  test('refuses two ways of authentication at once, a public client, and more scope than the client has', async () => {
    const { id, secret } = await given.client();
    const open = await given.client({ kind: 'public', secret_hash: null });
    const headers = basic(id, secret);
    expect(await given.token({ ...grant, client_id: id, client_secret: secret }, { headers })).toMatchObject({
      status: 400,
      body: { error: 'invalid_request' },
    });
    expect(await given.token({ ...grant, client_id: open.id }, { headers })).toMatchObject({
      status: 400,
      body: { error: 'invalid_request' },
    });
    expect(await given.token({ ...grant, client_id: open.id })).toMatchObject({
      status: 400,
      body: { error: 'unauthorized_client' },
    });
    expect(await given.token(grant)).toMatchObject({ status: 400, body: { error: 'unauthorized_client' } });
    expect(await given.token({ ...grant, scope: 'graph:query' }, { headers })).toMatchObject({ status: 200 });
    expect(await given.token({ ...grant, scope: 'graph:query keys:write' }, { headers })).toMatchObject({
      status: 400,
      body: { error: 'invalid_scope' },
    });
  });
});

const GOOD = 'grant_type=password&username=admin%40acme.example&password=x';
test.each([
  ['another grant type', 'grant_type=implicit', 400, 'unsupported_grant_type'],
  ['no grant type', 'username=a&password=b', 400, 'invalid_request'],
  ['no username', 'grant_type=password&password=b', 400, 'invalid_request'],
  ['no password', 'grant_type=password&username=a', 400, 'invalid_request'],
  ['an empty password', 'grant_type=password&username=a&password=', 400, 'invalid_request'],
  ['no refresh token', 'grant_type=refresh_token', 400, 'invalid_request'],
  ['no code', 'grant_type=authorization_code', 400, 'invalid_request'],
  ['an organisation that is no UUID', `${GOOD}&organisation=acme`, 400, 'invalid_request'],
  [
    'an organisation where none is chosen',
    `grant_type=refresh_token&refresh_token=x&organisation=${randomUUID()}`,
    400,
    'invalid_request',
  ],
  ['a parameter given twice', `${GOOD}&password=y`, 400, 'invalid_request'],
  ['a parameter given twice with one value', `${GOOD}&grant_type=password`, 400, 'invalid_request'],
  ['a NUL in the username', 'grant_type=password&username=a%00&password=b', 400, 'invalid_request'],
  ['a line break in the username', 'grant_type=password&username=a%0A&password=b', 400, 'invalid_request'],
  ['a username too long', `grant_type=password&username=${'a'.repeat(1025)}&password=b`, 400, 'invalid_request'],
  ['a password too long', `grant_type=password&username=a&password=${'b'.repeat(1025)}`, 400, 'invalid_request'],
  ['no body', '', 400, 'invalid_request'],
  ['a body over the limit', `${GOOD}${'&'.repeat(262_144)}`, 413, 'invalid_request'],
])('%s is refused in the form of RFC 6749, and never cached', async (_, body, status, error) => {
  const answer = await given.token(body);
  expect({ status: answer.status, error: answer.body.error }).toEqual({ status, error });
  expect(Object.keys(answer.body).toSorted()).toEqual(['error', 'error_description']);
  expect(answer.headers).toMatchObject({ 'content-type': 'application/json', 'cache-control': 'no-store' });
});

test.each([
  ['JSON', { 'Content-Type': 'application/json' }],
  ['no content type', { 'Content-Type': '' }],
])('a request with %s is a 415 in the form of RFC 6749', async (_, headers) => {
  expect(await given.token(GOOD, { headers })).toMatchObject({ status: 415, body: { error: 'invalid_request' } });
});

test('a database that is down is a 500 in the form of RFC 6749 that tells nothing', async () => {
  const down = given.with({ pool: () => Promise.reject(new Error('connect db.internal')) });
  const { status, body } = await login('admin@acme.example', PASSWORD, {}, down);
  expect({ status, body }).toEqual({ status: 500, body: { error: 'server_error' } });
  expect(output.text()).toContain('connect db.internal');
});

const unready = () =>
  given.with({
    keys: signingKeysOf(
      'secret',
      () => 0,
      async () => '{"keys":[]}',
    ),
  });

const sessionCount = async () => (await sql('select count(*) from gatehouse.sessions')).rows[0];

describe('before the first signing key is there', () => {
  test('signing in answers 503 in the form of RFC 6749, and when to try again, and opens no session', async () => {
    const before = await sessionCount();
    const { status, headers, body } = await login('admin@acme.example', PASSWORD, {}, unready());
    expect({ status, error: body.error, retry: headers['retry-after'] }).toEqual({
      status: 503,
      error: 'server_error',
      retry: '2',
    });
    expect(await sessionCount()).toEqual(before);
  });

  test('the JWKS answers 503 as a problem', async () => {
    const { status, headers, body } = await call(unready(), { resource: '/.well-known/jwks.json' });
    expect({ status, code: body.code, retry: headers['retry-after'] }).toEqual({
      status: 503,
      code: 'not_ready',
      retry: '2',
    });
  });
});

test('the JWKS is the public half of the ring', async () => {
  const { status, headers, body } = await call(given.handler, { resource: '/.well-known/jwks.json' });
  expect({ status, body }).toEqual({ status: 200, body: publicKeys(ring) });
  expect(headers['cache-control']).toBe('public, max-age=300');
});

test('the metadata of RFC 8414 names our endpoints and what they take', async () => {
  const { status, body } = await call(given.handler, { resource: '/.well-known/oauth-authorization-server' });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    issuer: ISSUER,
    authorization_endpoint: `${ISSUER}/v1/auth/authorize`,
    token_endpoint: `${ISSUER}/v1/auth/token`,
    jwks_uri: `${ISSUER}/.well-known/jwks.json`,
    revocation_endpoint: `${ISSUER}/v1/auth/revoke`,
    introspection_endpoint: `${ISSUER}/v1/auth/introspect`,
    response_types_supported: ['code'],
    grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials', 'password'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
  });
});
