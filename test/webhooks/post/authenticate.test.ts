import { text } from 'node:stream/consumers';
import { parse } from '../../../lambdas/shared/parse';
import { authenticated } from '../../../lambdas/webhooks/post/authenticate';
import { Authentication, faultInAuthentication, type OAuth2 } from '../../../lambdas/webhooks/post/authentication';
import { openPoster } from '../../../lambdas/webhooks/post/poster';
import type { TargetPolicy } from '../../../lambdas/webhooks/post/target';
import { http, stopAll } from './receivers';

const policy: TargetPolicy = { http: true, privateTargets: true, ports: 'any' };
const SECRET = 'the client:s secret/ü';
const poster = openPoster();
afterEach(stopAll);
afterAll(() => poster.close());

let nowMs = 0;
const world = async (answer: (nth: number) => { status?: number; body?: unknown; afterMs?: number } = () => ({})) => {
  const asked: { authorization: string | undefined; body: string }[] = [];
  const shown: (string | undefined)[] = [];
  const good = new Set<string>();
  const tokens = await http(async (request, response) => {
    const nth = asked.push({ authorization: request.headers.authorization, body: await text(request) });
    const granted = { access_token: `token${nth}`, token_type: 'Bearer', expires_in: 3600 };
    const { status = 200, body = granted, afterMs = 0 } = answer(nth);
    good.add(`Bearer token${nth}`);
    setTimeout(() => response.writeHead(status).end(JSON.stringify(body)), afterMs);
  });
  const endpoint = await http((request, response) => {
    const { authorization } = request.headers;
    shown.push(authorization);
    response.writeHead(good.has(authorization ?? '') ? 200 : 401).end();
  });
  const client: OAuth2 = {
    kind: 'oauth2',
    tokenUrl: `http://127.0.0.1:${tokens.port}/token`,
    clientId: 'the client',
    clientSecret: SECRET,
  };
  const post = authenticated(poster.post, () => nowMs);
  const send = (authentication: Authentication = client, timeoutMs = 2000) =>
    post({ url: `http://127.0.0.1:${endpoint.port}/`, headers: {}, body: '{}', timeoutMs, policy }, authentication);
  return { asked, shown, good, client, send };
};

test('without authentication nothing is said; basic says name and password in UTF-8', async () => {
  const { send, shown } = await world();
  await send({ kind: 'none' });
  await send({ kind: 'basic', username: 'me', password: 'pä:ss' });
  expect(shown).toEqual([undefined, `Basic ${Buffer.from('me:pä:ss').toString('base64')}`]);
});

test('an access token is got once, kept until shortly before it expires, and then got again', async () => {
  nowMs = 0;
  const { send, shown, asked } = await world();
  const first = await send();
  expect(first).toMatchObject({ status: 200, times: { tokenMs: expect.any(Number) } });
  expect(first.times.totalMs).toBeGreaterThanOrEqual(first.times.tokenMs ?? Number.POSITIVE_INFINITY);
  nowMs = 3539_000;
  await send();
  nowMs = 3541_000;
  await send();
  expect(shown).toEqual(['Bearer token1', 'Bearer token1', 'Bearer token2']);
  expect(asked).toHaveLength(2);
});

test('the client says who it is as RFC 6749 wants it, in the header or in the body', async () => {
  const { send, asked, client } = await world();
  await send({ ...client, scope: 'hooks:write other', audience: 'https://api.example.com' });
  await send({ ...client, clientAuthentication: 'body' });
  expect(asked).toEqual([
    {
      authorization: `Basic ${Buffer.from('the+client:the+client%3As+secret%2F%C3%BC').toString('base64')}`,
      body: 'grant_type=client_credentials&scope=hooks%3Awrite+other&audience=https%3A%2F%2Fapi.example.com',
    },
    {
      authorization: undefined,
      body: 'grant_type=client_credentials&client_id=the+client&client_secret=the+client%3As+secret%2F%C3%BC',
    },
  ]);
});

test('many attempts at once ask for one token', async () => {
  const { send, asked } = await world(() => ({ afterMs: 30 }));
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => send()));
  expect(outcomes.map(({ status }) => status)).toEqual(outcomes.map(() => 200));
  expect(asked).toHaveLength(1);
});

test('a token that is refused before its time is got again and tried once', async () => {
  const { send, shown, good, asked } = await world();
  await send();
  good.clear();
  expect((await send()).status).toBe(200);
  expect(shown).toEqual(['Bearer token1', 'Bearer token1', 'Bearer token2']);
  expect(asked).toHaveLength(2);
});

test('an endpoint that refuses every token is asked twice with a kept one, once with a fresh one, and is told as it is', async () => {
  const { send, shown, good, asked } = await world();
  good.add = () => good;
  expect(await send()).toMatchObject({ status: 401 });
  expect(shown).toHaveLength(1);
  expect(await send()).toMatchObject({ status: 401 });
  expect(shown).toHaveLength(2);
  expect(asked).toHaveLength(2);
});

test('who knows the name of a client but not its secret gets no token that the secret has bought', async () => {
  const { send, client, asked } = await world();
  await send();
  await send({ ...client, clientSecret: 'another' });
  await send({ ...client, scope: 'more' });
  expect(asked).toHaveLength(3);
});

test.each([
  [
    'refuses',
    { status: 401, body: { error: 'invalid_client', error_description: SECRET } },
    'answered 401 (invalid_client)',
  ],
  ['says words of its own', { status: 400, body: { error: SECRET } }, 'answered 400'],
  ['redirects', { status: 302 }, 'answered 302'],
  ['gives no JSON', { body: 'nothing' }, 'answered without a bearer token'],
  ['gives another kind', { body: { access_token: 'abc', token_type: 'mac' } }, 'answered without a bearer token'],
  ['gives a token that is none', { body: { access_token: 'abc\r\nx: y' } }, 'answered without a bearer token'],
  ['gives an endless token', { body: { access_token: 'a'.repeat(9000) } }, 'answered without a bearer token'],
])('a token endpoint that %s ends the attempt, and no secret is in the answer', async (_, answer, detail) => {
  const { send, shown } = await world(() => answer);
  const outcome = await send();
  expect(outcome).toMatchObject({ error: { class: 'authentication', detail: `the token endpoint: ${detail}` } });
  expect(outcome.status).toBeUndefined();
  expect(JSON.stringify(outcome)).not.toContain('secret');
  expect(shown).toEqual([]);
});

test('a failure is not kept: the next attempt asks again', async () => {
  const { send } = await world((nth) => (nth === 1 ? { status: 503, body: {} } : {}));
  expect((await send()).error?.class).toBe('authentication');
  expect((await send()).status).toBe(200);
});

test.each([undefined, 60, '60', 'soon', 0, -5, 1e12])(
  'a token of expires_in %s is used at least once',
  async (life) => {
    nowMs = 0;
    const { send } = await world((nth) => ({ body: { access_token: `token${nth}`, expires_in: life } }));
    expect((await send()).status).toBe(200);
    nowMs = 90_000_000;
    expect((await send()).status).toBe(200);
  },
);

test('the time limit holds for the token and the attempt together', async () => {
  const { send, shown } = await world(() => ({ afterMs: 2000 }));
  const outcome = await send(undefined, 300);
  expect(outcome.error).toEqual({ class: 'timeout', detail: 'no access token in time' });
  expect(outcome.times.totalMs).toBeLessThan(1900);
  expect(shown).toEqual([]);
});

test('tokens are asked of no place where deliveries may not go', async () => {
  const outside: TargetPolicy = { http: false, privateTargets: false, ports: [443] };
  const client: OAuth2 = { kind: 'oauth2', tokenUrl: 'https://169.254.169.254/', clientId: 'a', clientSecret: 'b' };
  expect(faultInAuthentication(client, outside)).toBe('tokenUrl has an address that is not public');
  expect(faultInAuthentication({ ...client, tokenUrl: 'https://example.com/' }, outside)).toBeUndefined();
  const request = { url: 'https://example.com/', headers: {}, body: '', policy: outside };
  expect((await authenticated(poster.post)(request, client)).error).toEqual({
    class: 'authentication',
    detail: 'the token endpoint: has an address that is not public',
  });
});

test.each([
  ['a colon in a name', { kind: 'basic', username: 'a:b', password: 'c' }],
  ['a line break', { kind: 'basic', username: 'a', password: 'c\r\n' }],
  ['no secret', { kind: 'oauth2', tokenUrl: 'https://example.com/', clientId: 'a' }],
  ['a kind that is none', { kind: 'digest' }],
  ['more than its kind has', { kind: 'none', password: 'c' }],
])('an authentication with %s is refused', (_, authentication) => {
  expect(parse(Authentication, authentication).ok).toBe(false);
});
