import * as z from 'zod/mini';
import { GRACE_MS } from '../../lambdas/auth/refresh';
import { successorOf } from '../../lambdas/auth/tokens';
import { captureOutput } from '../support/output';
import { userOf } from '../support/tenants';
import { bearer, call, claimsOf, Granted, postForm, startAuth, type TestAuth } from './support';

const output = captureOutput();
let given: TestAuth;
beforeAll(async () => {
  given = await startAuth();
}, 60_000);
afterAll(() => given.stop());

const sql = (text: string, values: unknown[] = []) => given.tenants.database.master.query(text, values);
const { organisation: acme } = userOf('admin');
const DAY_MS = 86_400_000;

const refresh = (refresh_token: string, arrivedAtMs = Date.now(), more: Readonly<Record<string, string>> = {}) =>
  given.token({ grant_type: 'refresh_token', refresh_token, ...more }, { arrivedAtMs });
const refreshed = async (token: string, arrivedAtMs?: number) =>
  Granted.parse((await refresh(token, arrivedAtMs)).body);
const isRefused = { status: 400, body: { error: 'invalid_grant' } };

const Stored = z.object({
  ended_at: z.nullable(z.date()),
  ended_why: z.nullable(z.string()),
  expires_at: z.date(),
  ends_at: z.date(),
  tokens: z.coerce.number(),
  living: z.coerce.number(),
});
/** The session's row, how many tokens its family has, and how many of them have no successor. */
const stored = async (session: string) =>
  Stored.parse(
    (
      await sql(
        `select s.*, count(t) as tokens, count(t) filter (where t.rotated_at is null) as living
         from gatehouse.sessions s join gatehouse.refresh_tokens t on t.session_id = s.id where s.id = $1 group by s.id`,
        [session],
      )
    ).rows[0],
  );

/** Whether the session's access tokens pass the check of every request. */
const isAdmitted = (token: string) =>
  given.tenants.serve.access.admit(bearer(token), { requestId: 'test', sourceIp: '192.0.2.1', userAgent: '' }, 0).then(
    () => true,
    () => false,
  );

test('a refresh gives a new access token of the same session, and a successor', async () => {
  const { id, refreshToken } = await given.session('editor');
  const { access_token, refresh_token, scope } = await refreshed(refreshToken);
  expect(claimsOf(access_token)).toMatchObject({ sub: userOf('editor').id, sid: id, org: acme, roles: ['editor'] });
  expect(refresh_token).not.toBe(refreshToken);
  expect(scope).toContain('graph:query');
  expect(await isAdmitted(access_token)).toBe(true);
  expect(await refreshed(refresh_token)).toMatchObject({ token_type: 'Bearer' });
  expect(output.text()).not.toMatch(/ghr_|eyJ/);
});

test('1,000 concurrent refreshes of one token: one living family, one successor, nobody logged out', async () => {
  const { id, refreshToken } = await given.session('admin');
  const answers = await Promise.all(Array.from({ length: 1000 }, () => refresh(refreshToken)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  const successors = new Set(answers.map(({ body }) => body.refresh_token));
  expect(successors.size).toBe(1);
  expect(await stored(id)).toMatchObject({ ended_at: null, tokens: 2, living: 1 });
  expect(await refreshed(String([...successors][0]))).toBeDefined();
});

test('a request that waited longer than the grace is judged by when it arrived', async () => {
  const { id, refreshToken } = await given.session('viewer');
  const arrived = Date.now() - 5 * GRACE_MS;
  const first = await refreshed(refreshToken, arrived);
  expect(await refreshed(refreshToken, arrived + GRACE_MS)).toMatchObject({ refresh_token: first.refresh_token });
  expect(await stored(id)).toMatchObject({ ended_at: null });
});

test('a lost answer is got again within the grace, also when the successor was used meanwhile', async () => {
  const { id, refreshToken } = await given.session('viewer');
  const at = Date.now();
  const lost = await refreshed(refreshToken, at);
  const next = await refreshed(lost.refresh_token, at + 1000);
  const again = await refreshed(refreshToken, at + 2000);
  expect(again.refresh_token).toBe(lost.refresh_token);
  expect(await refreshed(again.refresh_token, at + 3000)).toMatchObject({ refresh_token: next.refresh_token });
  expect(await stored(id)).toMatchObject({ ended_at: null, tokens: 3, living: 1 });
});

test('a process that dies before the commit leaves the token as it was', async () => {
  const { id, refreshToken } = await given.session('viewer');
  const dying = given.with({
    pool: async () => {
      const pool = await given.tenants.auth();
      const connect = async () => {
        const client = await pool.connect();
        const query = (text: string, values: unknown[]) =>
          text === 'commit'
            ? client.query('rollback').then(() => Promise.reject(new Error('killed')))
            : client.query(text, values);
        return new Proxy(client, {
          get(target, name) {
            const value: unknown = name === 'query' ? query : Reflect.get(target, name);
            return typeof value === 'function' ? value.bind(target) : value;
          },
        });
      };
      return new Proxy(pool, { get: (target, name) => (name === 'connect' ? connect : Reflect.get(target, name)) });
    },
  });
  const answer = await postForm(dying, '/v1/auth/token', { grant_type: 'refresh_token', refresh_token: refreshToken });
  expect(answer.status).toBe(500);
  expect(await stored(id)).toMatchObject({ ended_at: null, tokens: 1, living: 1 });
  expect(await refresh(refreshToken, Date.now() + 5 * GRACE_MS)).toMatchObject({ status: 200 });
});

test('reuse after the grace ends the session, tells the audit once, and refuses its access tokens at once', async () => {
  const { id, refreshToken } = await given.session('viewer');
  const at = Date.now();
  const { access_token, refresh_token } = await refreshed(refreshToken, at);
  expect(await isAdmitted(access_token)).toBe(true);
  const late = await Promise.all(Array.from({ length: 5 }, () => refresh(refreshToken, at + GRACE_MS + 1)));
  for (const answer of late) expect(answer).toMatchObject(isRefused);
  expect(await isAdmitted(access_token)).toBe(false);
  expect(await refresh(refresh_token, at + 1000)).toMatchObject(isRefused);
  expect(await stored(id)).toMatchObject({ ended_at: expect.any(Date), ended_why: 'refresh token reused' });
  const told = (await given.audit(acme)).filter(({ action }) => action === 'session.reuse_detected');
  expect(told).toEqual([
    expect.objectContaining({
      actor: `user:${userOf('viewer').id}`,
      target: `session:${id}`,
      reason: 'refresh token reused',
    }),
  ]);
});

test('without the cache reuse is still refused, and ends the session as soon as the cache is back', async () => {
  const { id, refreshToken } = await given.session('viewer');
  const at = Date.now();
  await refreshed(refreshToken, at);
  const noCache = given.with({
    changes: {
      ...given.tenants.changes,
      change: () => Promise.reject(new Error('the cache is down')),
    },
  });
  const fields = { grant_type: 'refresh_token', refresh_token: refreshToken };
  const answer = await postForm(noCache, '/v1/auth/token', fields, { arrivedAtMs: at + GRACE_MS + 1 });
  expect(answer.status).toBe(500);
  expect(await refresh(refreshToken, at + GRACE_MS + 2)).toMatchObject(isRefused);
  expect(await stored(id)).toMatchObject({ ended_at: expect.any(Date) });
});

test('revocation racing with refreshes wins: afterwards nothing of the family is good for anything', async () => {
  const rounds = Array.from({ length: 40 }, async (_, round) => {
    const { id, refreshToken } = await given.session('editor');
    const asked = [refreshToken, refreshToken, refreshToken].map((token) => refresh(token));
    const revoked = postForm(given.handler, '/v1/auth/revoke', { token: refreshToken });
    const chained = round % 2 ? refresh(successorOf(refreshToken, 'the pepper of these tests')) : undefined;
    expect((await revoked).status).toBe(200);
    const answers = await Promise.all([...asked, chained].flatMap((answer) => answer ?? []));
    expect(answers.every(({ status }) => status === 200 || status === 400)).toBe(true);
    for (const { body } of answers.filter(({ status }) => status === 200)) {
      const { access_token, refresh_token } = Granted.parse(body);
      expect(await isAdmitted(access_token)).toBe(false);
      expect(await refresh(refresh_token)).toMatchObject(isRefused);
    }
    expect(await stored(id)).toMatchObject({ ended_at: expect.any(Date) });
    return answers.filter(({ status }) => status === 200).length;
  });
  await Promise.all(rounds);
});

test('each refresh slides the end by seven days, and never past thirty', async () => {
  const { id, refreshToken } = await given.session('viewer');
  const start = Date.now();
  let token = refreshToken;
  for (const day of [6, 12, 18, 24, 29]) {
    ({ refresh_token: token } = await refreshed(token, start + day * DAY_MS));
    const { expires_at, ends_at } = await stored(id);
    const slid = Math.min(start + (day + 7) * DAY_MS, ends_at.getTime());
    expect(Math.abs(expires_at.getTime() - slid)).toBeLessThan(5);
  }
  expect(await refresh(token, start + 30 * DAY_MS + 1000)).toMatchObject(isRefused);
});

test('a token that is not used for seven days is good for nothing', async () => {
  const { refreshToken } = await given.session('viewer', { nowMs: Date.now() - 7 * DAY_MS - 1000 });
  expect(await refresh(refreshToken)).toMatchObject(isRefused);
});

test('a token that nobody knows, or is another client’s, is refused and ends nothing', async () => {
  const { id, refreshToken } = await given.session('viewer');
  const other = await given.client({ kind: 'public', secret_hash: null });
  for (const token of [`ghr_${'A'.repeat(43)}`, 'x', `${refreshToken} `])
    expect(await refresh(token)).toMatchObject(isRefused);
  expect(await refresh(refreshToken, Date.now(), { client_id: other.id })).toMatchObject(isRefused);
  expect(await refresh(refreshToken, Date.now(), { client_id: 'gatehouse' })).toMatchObject({ status: 200 });
  expect(await stored(id)).toMatchObject({ ended_at: null });
});

test('roles and plan are read anew; a removed member, a disabled user and one who left the workspace get nothing', async () => {
  const { id: user } = userOf('api_user');
  const { refreshToken } = await given.session('api_user');
  const set = (table: string, what: string) => sql(`update gatehouse.${table} set ${what}`);
  await set('members', `roles = '{viewer}' where user_id = '${user}'`);
  await set('organisations', `plan = 'pro' where id = '${acme}'`);
  const { access_token, refresh_token } = await refreshed(refreshToken);
  expect(claimsOf(access_token)).toMatchObject({ roles: ['viewer'], plan: 'pro' });
  await set('members', `removed_at = now() where user_id = '${user}'`);
  expect(await refresh(refresh_token)).toMatchObject(isRefused);
  await set('members', `removed_at = null where user_id = '${user}'`);
  await set('users', `status = 'disabled' where id = '${user}'`);
  expect(await refresh(refresh_token)).toMatchObject(isRefused);
  await set('users', `status = 'active' where id = '${user}'`);
  await sql(
    `with made as (insert into gatehouse.workspaces (organisation_id, name) values ($1, 'Rome') returning id)
     update gatehouse.sessions set workspace_id = made.id from made where user_id = $2`,
    [acme, user],
  );
  expect(await refresh(refresh_token)).toMatchObject(isRefused);
});

test('a session that is signed out refreshes no more', async () => {
  const { refreshToken, identity } = await given.session('viewer');
  const out = await call(given.handler, { method: 'POST', resource: '/v1/auth/logout', principal: identity });
  expect(out.status).toBe(204);
  expect(await refresh(refreshToken)).toMatchObject(isRefused);
});
