import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { addressGuard } from '../../lambdas/shared/limits/addresses';
import { DEFAULT_LIMITS } from '../../lambdas/shared/limits/defaults';
import { fixedSettings } from '../support/limits';
import { captureOutput } from '../support/output';
import { downRedis } from '../support/redis';
import { PASSWORD, userOf } from '../support/tenants';
import { ISSUER } from '../support/tokens';
import { basic, bearer, call, claimsOf, Granted, postForm, startAuth, type TestAuth } from './support';

const output = captureOutput();
let given: TestAuth;
beforeAll(async () => {
  given = await startAuth();
}, 60_000);
afterAll(() => given.stop());
beforeEach(() => given.tenants.redis.client.flushdb());

const { organisation: acme, email } = userOf('editor');
const globex = userOf('admin', 'globex.example').organisation;
const sql = (text: string, values: unknown[] = []) => given.tenants.database.master.query(text, values);

const verifier = randomBytes(32).toString('base64url');
const challenge = createHash('sha256').update(verifier).digest('base64url');
const LOOPBACK = 'http://127.0.0.1:43123/callback';
type Fields = Readonly<Record<string, string>>;
const GOOD: Fields = {
  response_type: 'code',
  client_id: 'gatehouse',
  redirect_uri: LOOPBACK,
  state: 'a&b=<c>',
  code_challenge: challenge,
  code_challenge_method: 'S256',
};
const without = (name: string): Fields => Object.fromEntries(Object.entries(GOOD).filter(([key]) => key !== name));

const PATH = '/v1/auth/authorize';
const open = (query: Readonly<Record<string, string | string[]>>) => call(given.handler, { resource: PATH, query });
const submit = (fields: Fields, handler = given.handler) =>
  postForm(handler, PATH, { ...GOOD, email, password: PASSWORD, ...fields });
const locationOf = ({ headers }: Awaited<ReturnType<typeof call>>) => new URL(String(headers.location));
const codeOf = async (fields: Fields = {}) => locationOf(await submit(fields)).searchParams.get('code') ?? '';
const redeem = (code: string, fields: Fields = {}, more = {}) =>
  given.token(
    { grant_type: 'authorization_code', code, redirect_uri: LOOPBACK, code_verifier: verifier, ...fields },
    more,
  );
const isRefused = { status: 400, body: { error: 'invalid_grant' } };

describe('the sign-in page', () => {
  test('asks for address and password without a script, under a strict policy, and is never kept or framed', async () => {
    const { status, headers, text } = await open(GOOD);
    expect(status).toBe(200);
    const style = /<style>([^]*)<\/style>/.exec(text)?.[1] ?? '';
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'content-security-policy': [
        "default-src 'none'",
        `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
        "form-action 'self' http://127.0.0.1:43123",
        "base-uri 'none'",
        "frame-ancestors 'none'",
      ].join('; '),
    });
    expect(text).toContain('<html lang="en">');
    for (const name of ['email', 'password'])
      expect(text).toMatch(new RegExp(`<label for="${name}">.+</label>\\n<input id="${name}" name="${name}"`));
    expect(text).not.toMatch(/<script|javascript:|onload|style=/i);
    expect(text).toContain('name="state" value="a&amp;b=&lt;c&gt;"');
  });

  test('shows whose sign-in it is, and everything that others chose escaped', async () => {
    const name = '<img src=x onerror=alert(1)> "Co" & \'Sons\'';
    const { id } = await given.client({
      kind: 'public',
      secret_hash: null,
      name,
      redirect_uris: ['https://app.example/back'],
    });
    const { text, headers } = await open({
      ...GOOD,
      client_id: id,
      redirect_uri: 'https://app.example/back',
      state: '"><script>',
    });
    expect(text).not.toMatch(/<img|<script|"><s/);
    expect(text).toContain('&lt;img src=x onerror=alert(1)&gt; &quot;Co&quot; &amp; &#39;Sons&#39;');
    expect(text).toContain('at app.example');
    expect(headers['content-security-policy']).toContain("form-action 'self' https://app.example;");
    const again = await submit({ email: '"><script>alert(1)</script>', password: 'x' });
    expect(again.text).not.toContain('<script');
  });

  test.each([
    ['an unknown client', { ...GOOD, client_id: randomUUID() }],
    ['a client id that is none', { ...GOOD, client_id: "' or 1" }],
    ['no client', without('client_id')],
    ['no redirect_uri', without('redirect_uri')],
    ['an unregistered address', { ...GOOD, redirect_uri: 'https://evil.example/callback' }],
    ['another path', { ...GOOD, redirect_uri: 'http://127.0.0.1:1/callback/x' }],
    ['a path beside it', { ...GOOD, redirect_uri: 'http://127.0.0.1:1/callback?x=1' }],
    ['a fragment', { ...GOOD, redirect_uri: 'http://127.0.0.1:1/callback#x' }],
    ['another host that begins alike', { ...GOOD, redirect_uri: 'http://127.0.0.1.evil.example/callback' }],
    ['a user in the address', { ...GOOD, redirect_uri: 'http://127.0.0.1:1@evil.example/callback' }],
    ['another scheme', { ...GOOD, redirect_uri: 'https://127.0.0.1/callback' }],
    ['a port that is none', { ...GOOD, redirect_uri: 'http://127.0.0.1:99999/callback' }],
    ['localhost by name', { ...GOOD, redirect_uri: 'http://localhost:1/callback' }],
    ['a line break', { ...GOOD, redirect_uri: 'http://127.0.0.1:1/callback\r\nx: y' }],
    ['the address twice', { ...GOOD, redirect_uri: [LOOPBACK, LOOPBACK] }],
  ])('with %s sends nobody anywhere, neither shown nor posted to', async (_, query) => {
    const posted = new URLSearchParams(
      Object.entries(query).flatMap(([name, values]) =>
        [values].flat().map((value): [string, string] => [name, String(value)]),
      ),
    );
    posted.append('email', email);
    posted.append('password', PASSWORD);
    for (const answer of [await open(query), await postForm(given.handler, PATH, posted.toString())]) {
      expect({ status: answer.status, location: answer.headers.location }).toEqual({
        status: 400,
        location: undefined,
      });
      expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
      expect(answer.headers['content-security-policy']).toContain("form-action 'none'");
    }
  });

  test.each([
    ['no response_type', without('response_type'), 'invalid_request'],
    ['the implicit grant', { ...GOOD, response_type: 'token' }, 'unsupported_response_type'],
    ['no PKCE', without('code_challenge'), 'invalid_request'],
    ['plain PKCE', { ...GOOD, code_challenge_method: 'plain' }, 'invalid_request'],
    ['PKCE of no method, which is plain', without('code_challenge_method'), 'invalid_request'],
    ['a challenge that is no digest', { ...GOOD, code_challenge: 'abc' }, 'invalid_request'],
    ['an organisation that is no id', { ...GOOD, organisation: 'acme' }, 'invalid_request'],
    ['a parameter twice', { ...GOOD, scope: ['a', 'b'] }, 'invalid_request'],
  ])('with %s tells the client, with its state and our issuer', async (_, query, error) => {
    const answer = await open(query);
    expect(answer.status).toBe(303);
    const { origin, pathname, searchParams } = locationOf(answer);
    expect(`${origin}${pathname}`).toBe(LOOPBACK);
    expect(Object.fromEntries(searchParams)).toEqual({
      error,
      error_description: expect.any(String),
      state: 'a&b=<c>',
      iss: ISSUER,
    });
  });

  test('ignores what it does not know, as RFC 6749 section 3.1 says', async () => {
    expect(await open({ ...GOOD, nonce: 'n', prompt: 'login' })).toMatchObject({ status: 200 });
  });

  test('tells a wrong password, an unknown address and nonsense in one way', async () => {
    const answers = [
      await submit({ password: 'wrong' }),
      await submit({ email: 'nobody@acme.example' }),
      await submit({ email: 'a\0b' }),
      await submit({ password: '' }),
      await submit({ password: 'x'.repeat(2000) }),
    ];
    for (const { status, headers, text } of answers) {
      expect({ status, location: headers.location }).toEqual({ status: 400, location: undefined });
      expect(text).toContain(
        '<p id="problem" class="problem" role="alert">The email address or the password is wrong.</p>',
      );
      expect(text).toContain('aria-describedby="problem"');
      expect(text).not.toContain(PASSWORD);
    }
  });

  test('is locked as the token endpoint is, and says when to try again; without the cache nobody gets in', async () => {
    for (let count = 0; count < 5; count += 1) await submit({ password: 'wrong' });
    const locked = await submit({});
    expect({ status: locked.status, retry: locked.headers['retry-after'] }).toEqual({ status: 429, retry: '1' });
    expect(locked.text).toContain('too many attempts');
    expect(await given.token({ grant_type: 'password', username: email, password: PASSWORD })).toMatchObject({
      status: 429,
    });
    const down = await submit({}, given.with({ redis: downRedis() }));
    expect({ status: down.status, location: down.headers.location }).toEqual({ status: 503, location: undefined });
  });

  test('of an address that has asked too often is a page that people can read, and says when to come again', async () => {
    const credentials = { ratePerSecond: 0.01, burst: 6, perMinute: 100, wrongCosts: 5 };
    const addresses = { ...DEFAULT_LIMITS.addresses, credentials };
    const settings = fixedSettings({ ...DEFAULT_LIMITS, addresses });
    const guard = addressGuard({ redis: given.tenants.redis.commands, settings, nowMs: Date.now });
    const handler = given.with({}, guard);
    const send = (typed: string) =>
      postForm(handler, PATH, { ...GOOD, email, password: typed }, { address: '203.0.113.77' });
    // One wrong password on the page costs as much as five right ones.
    expect((await send('wrong')).status).toBe(400);
    expect((await send('wrong')).status).toBe(400);
    const refused = await send(PASSWORD);
    expect(refused).toMatchObject({
      status: 429,
      headers: { 'content-type': 'text/html; charset=utf-8', 'retry-after': expect.any(String) },
    });
    expect(refused.text).toContain('too many requests from your network');
    expect(refused.text).toContain(`Try again in ${refused.headers['retry-after']} seconds`);
    expect(refused.headers['content-security-policy']).toContain("default-src 'none'");
  });

  test('takes a form and nothing else', async () => {
    const answer = await call(given.handler, {
      method: 'POST',
      resource: PATH,
      headers: { 'Content-Type': 'application/json' },
      body: '{}',
    });
    expect(answer.status).toBe(415);
  });
});

describe('the code grant', () => {
  test('sends the browser to the client with code, state and issuer; the code opens a session of the browser’s device', async () => {
    const answer = await postForm(
      given.handler,
      PATH,
      { ...GOOD, email, password: PASSWORD },
      { userAgent: 'Firefox', address: '192.0.2.77' },
    );
    expect(answer).toMatchObject({
      status: 303,
      headers: { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' },
    });
    const { searchParams } = locationOf(answer);
    expect(Object.fromEntries(searchParams)).toEqual({
      code: expect.stringMatching(/^ghc_[\w-]{43}$/),
      state: 'a&b=<c>',
      iss: ISSUER,
    });
    const code = searchParams.get('code') ?? '';
    const { status, headers, body } = await redeem(code);
    expect({ status, cache: headers['cache-control'] }).toEqual({ status: 200, cache: 'no-store' });
    const { access_token, refresh_token } = Granted.parse(body);
    const { sid, sub, client_id, org } = claimsOf(access_token);
    expect({ sub, client_id, org }).toEqual({ sub: userOf('editor').id, client_id: 'gatehouse', org: acme });
    const { rows } = await sql('select device, address from gatehouse.sessions where id = $1', [sid]);
    expect(rows).toEqual([{ device: 'Firefox', address: '192.0.2.77' }]);
    expect(await given.token({ grant_type: 'refresh_token', refresh_token })).toMatchObject({ status: 200 });
    expect(output.text()).not.toMatch(/ghc_|ghr_|eyJ|correct horse|editor@/);
    const stored = await sql("select encode(digest, 'escape') as digest from gatehouse.authorization_codes");
    expect(JSON.stringify(stored.rows)).not.toContain(code.slice(4));
  });

  test('a second use is refused, and ends the session that the first one opened', async () => {
    const code = await codeOf();
    const { access_token } = Granted.parse((await redeem(code)).body);
    const me = () => call(given.handler, { resource: '/v1/auth/me', principal: bearer(access_token) });
    expect((await me()).status).toBe(200);
    expect(await redeem(code)).toMatchObject(isRefused);
    expect((await me()).status).toBe(401);
    expect(await given.audit(acme)).toContainEqual(
      expect.objectContaining({
        action: 'session.ended',
        target: `session:${claimsOf(access_token).sid}`,
        reason: 'authorization code reused',
      }),
    );
  });

  test('of many who show a code at once one at most gets a session, and none keeps it', async () => {
    const code = await codeOf();
    const answers = await Promise.all(Array.from({ length: 10 }, () => redeem(code)));
    const taken = answers.filter(({ status }) => status === 200);
    expect(taken).toHaveLength(1);
    const { sid } = claimsOf(Granted.parse(taken[0]?.body).access_token);
    const { rows } = await sql('select ended_why from gatehouse.sessions where id = $1', [sid]);
    expect(rows).toEqual([{ ended_why: 'authorization code reused' }]);
  });

  test('is refused with another verifier, redirect_uri or client, and later than a minute; a right one still works', async () => {
    const code = await codeOf();
    const other = await given.client({ kind: 'public', secret_hash: null, redirect_uris: [LOOPBACK] });
    for (const fields of [
      { code_verifier: randomBytes(32).toString('base64url') },
      { code_verifier: challenge },
      { code_verifier: 'short' },
      { redirect_uri: 'http://127.0.0.1:43124/callback' },
      { client_id: other.id },
      { code: `ghc_${'A'.repeat(43)}` },
    ])
      expect(await redeem(code, fields)).toMatchObject(isRefused);
    for (const name of ['code_verifier', 'redirect_uri'])
      expect(await redeem(code, { [name]: '' })).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    const late = given.with({ now: () => Date.now() + 60_001 });
    const fields = { grant_type: 'authorization_code', code, redirect_uri: LOOPBACK, code_verifier: verifier };
    expect(await postForm(late, '/v1/auth/token', fields)).toMatchObject(isRefused);
    expect(await redeem(code)).toMatchObject({ status: 200 });
  });

  test('a registered address is met character for character, the port of a loopback one is free', async () => {
    const uris = ['https://app.example/cb?tenant=1', 'com.example.app:/cb', 'http://[::1]:80/cb'];
    const { id } = await given.client({ kind: 'public', secret_hash: null, redirect_uris: uris });
    const as = (redirect_uri: string) => open({ ...GOOD, client_id: id, redirect_uri });
    for (const good of [...uris, 'http://[::1]/cb', 'http://[::1]:5000/cb'])
      expect(await as(good)).toMatchObject({ status: 200 });
    for (const bad of [
      'https://app.example/cb',
      'https://app.example/cb?tenant=1&x=2',
      'https://APP.example/cb?tenant=1',
      'https://app.example:443/cb?tenant=1',
      'com.example.app:/cb/',
      'http://[::1]:5000/cb/',
    ])
      expect(await as(bad)).toMatchObject({ status: 400 });
    const answer = await submit({ client_id: id, redirect_uri: 'https://app.example/cb?tenant=1' });
    expect(String(answer.headers.location)).toMatch(/^https:\/\/app\.example\/cb\?tenant=1&code=ghc_/);
    const { headers } = await as('com.example.app:/cb');
    expect(headers['content-security-policy']).toContain("form-action 'self' com.example.app:;");
  });

  test('never sends a browser to an address that it would run, registered or not', async () => {
    const uri = 'javascript:alert(1)';
    const { id } = await given.client({ kind: 'public', secret_hash: null, redirect_uris: [uri] });
    expect(await open({ ...GOOD, client_id: id, redirect_uri: uri })).toMatchObject({ status: 400 });
  });

  test("a client of one organisation signs in that organisation's members alone; a disabled one nobody", async () => {
    const redirect_uri = 'https://app.example/cb';
    const { id } = await given.client({ kind: 'public', secret_hash: null, redirect_uris: [redirect_uri] }, globex);
    const at = { client_id: id, redirect_uri };
    expect(await submit(at)).toMatchObject({ status: 400 });
    expect(locationOf(await open({ ...GOOD, ...at, organisation: acme })).searchParams.get('error')).toBe(
      'invalid_request',
    );
    const code = await codeOf({ ...at, email: 'editor@globex.example' });
    expect(claimsOf(Granted.parse((await redeem(code, at)).body).access_token)).toMatchObject({
      client_id: id,
      org: globex,
    });
    await sql('update gatehouse.clients set disabled_at = now() where id = $1', [id]);
    expect(await open({ ...GOOD, ...at })).toMatchObject({ status: 400 });
  });

  test('a confidential client must show its secret as well', async () => {
    const { id, secret } = await given.client({ redirect_uris: [LOOPBACK] });
    const code = await codeOf({ client_id: id });
    expect(await redeem(code, { client_id: id })).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    const { body } = await redeem(code, {}, { headers: basic(id, secret) });
    const { refresh_token } = Granted.parse(body);
    const refresh = { grant_type: 'refresh_token', refresh_token };
    expect(await given.token({ ...refresh, client_id: id })).toMatchObject({ status: 401 });
    expect(await given.token(refresh)).toMatchObject(isRefused);
    expect(await given.token(refresh, { headers: basic(id, secret) })).toMatchObject({ status: 200 });
  });

  test('a member who is removed, or a password that is changed, before the exchange leaves the code worthless', async () => {
    const { id } = userOf('viewer');
    const codes = [await codeOf({ email: 'viewer@acme.example' }), await codeOf({ email: 'viewer@acme.example' })];
    await sql('update gatehouse.members set removed_at = now() where user_id = $1', [id]);
    expect(await redeem(codes[0] ?? '')).toMatchObject(isRefused);
    await sql('update gatehouse.members set removed_at = null where user_id = $1', [id]);
    const { identity } = await given.session('viewer');
    const body = JSON.stringify({ currentPassword: PASSWORD, newPassword: 'seven unrelated herons at dusk' });
    const headers = { 'Content-Type': 'application/json' };
    const changed = await call(given.handler, {
      method: 'PUT',
      resource: '/v1/auth/password',
      principal: identity,
      headers,
      body,
    });
    expect(changed.status).toBe(204);
    expect(await redeem(codes[1] ?? '')).toMatchObject(isRefused);
  });
});
