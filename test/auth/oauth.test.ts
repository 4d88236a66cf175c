import { randomUUID } from 'node:crypto';
import { accessCache } from '../../lambdas/shared/access/cache';
import { changes } from '../../lambdas/shared/access/change';
import { bearerOf } from '../../lambdas/shared/credentials/bearer';
import { signToken } from '../../lambdas/shared/credentials/jwt';
import { signingKey } from '../../lambdas/shared/credentials/key-ring';
import { captureOutput } from '../support/output';
import { downRedis } from '../support/redis';
import { userOf } from '../support/tenants';
import { ISSUER } from '../support/tokens';
import { basic, bearer, claimsOf, Granted, postForm, ring, startAuth, type TestAuth } from './support';

captureOutput();
let given: TestAuth;
beforeAll(async () => {
  given = await startAuth();
}, 60_000);
afterAll(() => given.stop());

const { organisation: acme } = userOf('admin');
const globex = userOf('admin', 'globex.example').organisation;
const sql = (text: string, values: unknown[] = []) => given.tenants.database.master.query(text, values);
const ORIGIN = { requestId: 'test', sourceIp: '192.0.2.1', userAgent: '' };
const isAdmitted = (token: string) =>
  given.tenants.serve.access.admit(bearer(token), ORIGIN, 0).then(
    () => true,
    () => false,
  );

/** A session of this user with an access token and the refresh token that follows. */
async function tokens(...[role, more]: Parameters<TestAuth['session']>) {
  const { id, refreshToken } = await given.session(role, more);
  const client = more?.client === undefined ? {} : { client_id: more.client };
  const { body } = await given.token({ grant_type: 'refresh_token', refresh_token: refreshToken, ...client });
  const { access_token: access, refresh_token: refresh } = Granted.parse(body);
  return { id, access, refresh, old: refreshToken };
}

type More = Parameters<typeof postForm>[3];
const revoke = (token: string, more?: More, fields: Readonly<Record<string, string>> = {}) =>
  postForm(given.handler, '/v1/auth/revoke', { token, ...fields }, more);

describe('revoking', () => {
  test('an access token: it alone is refused on its next request, whatever was kept of it', async () => {
    const { id, access, refresh } = await tokens('editor');
    const other = Granted.parse((await given.token({ grant_type: 'refresh_token', refresh_token: refresh })).body);
    expect(await isAdmitted(access)).toBe(true);
    expect(await revoke(access)).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' }, body: {} });
    expect([await isAdmitted(access), await isAdmitted(other.access_token)]).toEqual([false, true]);
    expect(await revoke(access, {}, { token_type_hint: 'access_token' })).toMatchObject({ status: 200 });
    const { jti, sub } = claimsOf(access);
    const told = (await given.audit(acme)).filter(({ target }) => target === `token:${jti}`);
    expect(told).toEqual([expect.objectContaining({ action: 'token.revoked', actor: `user:${sub}` })]);
    const { rows } = await sql('select ended_at from gatehouse.sessions where id = $1', [id]);
    expect(rows).toEqual([{ ended_at: null }]);
  });

  test.each(['refresh', 'old'] as const)('the %s refresh token of a family: its session ends', async (which) => {
    const family = await tokens('viewer');
    expect(await isAdmitted(family.access)).toBe(true);
    expect(await revoke(family[which])).toMatchObject({ status: 200 });
    expect(await isAdmitted(family.access)).toBe(false);
    expect(await given.audit(acme)).toContainEqual(
      expect.objectContaining({
        action: 'session.ended',
        target: `session:${family.id}`,
        reason: 'refresh token revoked',
      }),
    );
  });

  test('what is no token of ours answers 200 all the same', async () => {
    const foreign = signToken(
      { ...claimsOf((await tokens('viewer')).access), iss: 'https://other.example' },
      ring.current.kid,
      signingKey(ring).privateKey,
    );
    for (const token of [`ghr_${'A'.repeat(43)}`, 'x', 'a.b.c', foreign, 'ü', '{}'])
      expect(await revoke(token)).toMatchObject({ status: 200, body: {} });
    expect(await postForm(given.handler, '/v1/auth/revoke', '')).toMatchObject({
      status: 400,
      body: { error: 'invalid_request' },
    });
  });

  test("a confidential client's token is for that client alone to revoke, and nobody names themselves falsely", async () => {
    const [owner, other] = [await given.client(), await given.client()];
    const own = basic(owner.id, owner.secret);
    const { refreshToken } = await given.session('viewer', { client: owner.id });
    const { body } = await given.token({ grant_type: 'client_credentials' }, { headers: own });
    const access = String(body.access_token);
    for (const token of [refreshToken, access]) {
      expect(await revoke(token)).toMatchObject({ status: 400, body: { error: 'unauthorized_client' } });
      expect(await revoke(token, { headers: basic(other.id, other.secret) })).toMatchObject({
        status: 400,
        body: { error: 'unauthorized_client' },
      });
      expect(await revoke(token, { headers: basic(owner.id, 'wrong') })).toMatchObject({
        status: 401,
        body: { error: 'invalid_client' },
      });
      expect(await revoke(token, {}, { client_id: owner.id })).toMatchObject({
        status: 401,
        body: { error: 'invalid_client' },
      });
    }
    expect(await isAdmitted(access)).toBe(true);
    for (const token of [refreshToken, access])
      expect(await revoke(token, { headers: own })).toMatchObject({ status: 200 });
    expect(await isAdmitted(access)).toBe(false);
    const mine = await tokens('viewer');
    expect(await revoke(mine.refresh, {}, { client_id: 'gatehouse' })).toMatchObject({ status: 200 });
    expect(await isAdmitted(mine.access)).toBe(false);
  });
});

describe('introspection', () => {
  let client: { id: string; secret: string };
  beforeAll(async () => {
    client = await given.client();
  });
  const introspect = (token: string, as = client, handler = given.handler) =>
    postForm(handler, '/v1/auth/introspect', { token }, { headers: basic(as.id, as.secret) });
  const isInactive = { status: 200, body: { active: false } };

  test('tells a client of the same organisation what a token is good for now', async () => {
    const { id, access, refresh } = await tokens('editor');
    const claims = claimsOf(access);
    const { ver: _, ...told } = claims;
    const { status, headers, body } = await introspect(access);
    expect({ status, cache: headers['cache-control'], body }).toEqual({
      status: 200,
      cache: 'no-store',
      body: { active: true, token_type: 'Bearer', ...told, scope: expect.stringContaining('keys:write') },
    });
    expect((await introspect(refresh)).body).toEqual({
      active: true,
      client_id: 'gatehouse',
      sub: claims.sub,
      sid: id,
      org: acme,
      iss: ISSUER,
      exp: expect.any(Number),
    });
    const own = await given.token({ grant_type: 'client_credentials' }, { headers: basic(client.id, client.secret) });
    expect((await introspect(String(own.body.access_token))).body).toMatchObject({
      active: true,
      sub: client.id,
      client_id: client.id,
    });
  });

  test('says inactive of whatever would be refused: revoked, ended, rotated, removed, expired, foreign, garbage', async () => {
    const [revoked, ended, removed] = [await tokens('viewer'), await tokens('viewer'), await tokens('api_user')];
    expect(await introspect(revoked.access)).toMatchObject({ body: { active: true } });
    await revoke(revoked.access);
    await revoke(ended.refresh);
    await sql('update gatehouse.members set removed_at = now() where user_id = $1', [userOf('api_user').id]);
    await sql(
      "update gatehouse.refresh_tokens set rotated_at = now() - interval '11 s' where session_id = $1 and rotated_at is not null",
      [revoked.id],
    );
    const claims = claimsOf(revoked.access);
    const past = { iat: claims.iat - 1000, nbf: claims.iat - 1000, exp: claims.iat - 100 };
    const signed = (changed: object) =>
      signToken({ ...claims, jti: randomUUID(), ...changed }, ring.current.kid, signingKey(ring).privateKey);
    const bad = [
      revoked.access,
      revoked.old,
      ended.access,
      ended.refresh,
      removed.access,
      removed.refresh,
      signed(past),
      signed({ iss: 'https://other.example' }),
      signed({ sid: randomUUID() }),
      `${revoked.access.slice(0, -4)}AAAA`,
      `ghr_${'A'.repeat(43)}`,
      'x',
      'a.b.c',
      '.',
      'ghr_',
      'ü'.repeat(500),
      '{"a":1}',
    ];
    for (const token of bad) expect(await introspect(token)).toMatchObject(isInactive);
    for (const token of bad) expect(Object.keys((await introspect(token)).body)).toEqual(['active']);
  });

  test("says of another organisation's token no more than of none", async () => {
    const theirs = await given.client({}, globex);
    const { access, refresh } = await tokens('editor');
    for (const token of [access, refresh]) {
      expect((await introspect(token, theirs)).body).toEqual({ active: false });
      expect((await introspect(token)).body).toMatchObject({ active: true });
    }
  });

  test('is for confidential clients with the scope for it', async () => {
    const { access } = await tokens('editor');
    const open = await given.client({ kind: 'public', secret_hash: null });
    const ask = (fields: Readonly<Record<string, string>>) =>
      postForm(given.handler, '/v1/auth/introspect', { token: access, ...fields });
    for (const answer of [
      await ask({}),
      await ask({ client_id: open.id }),
      await ask({ client_id: client.id }),
      await introspect(access, { ...client, secret: 'wrong' }),
    ])
      expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    const without = await given.client({ scopes: ['graph:query'] });
    expect(await introspect(access, without)).toMatchObject({ status: 403, body: { error: 'insufficient_scope' } });
    expect(await ask({ client_id: client.id, client_secret: client.secret })).toMatchObject({ body: { active: true } });
  });
});

test('a verified token names who the authorizer would find', async () => {
  const { access } = await tokens('viewer');
  expect(bearerOf(claimsOf(access))).toMatchObject({ kind: 'user', id: userOf('viewer').id, organisation: acme });
});

test('where the cache is down a revocation says so with 503, and is not half done', async () => {
  const { id, refresh } = await tokens('viewer');
  const down = given.with({
    changes: changes(given.tenants.auth, accessCache(downRedis())),
  });
  const answer = await postForm(down, '/v1/auth/revoke', { token: refresh });
  expect(answer).toMatchObject({ status: 503, body: { error: 'server_error' } });
  expect(answer.headers['retry-after']).toBe('2');
  const { rows } = await sql('select ended_at from gatehouse.sessions where id = $1', [id]);
  expect(rows).toEqual([{ ended_at: null }]);
});
