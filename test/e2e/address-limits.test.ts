import { setTimeout as pause } from 'node:timers/promises';
import { stageOf } from '../../lib/stages';
import { type Answer, call } from '../support/gateway';
import { type LocalHost, startLocalHost } from '../support/local-host';

const { credentials, discovery } = stageOf('local').limits.addresses;

/** One of its own: every other test signs in from the same address. */
let host: LocalHost;
beforeAll(async () => {
  host = await startLocalHost();
}, 90_000);
afterAll(() => host.end());

const signIn = (username: string, password: string, headers: Record<string, string> = {}) =>
  call(
    '/v1/auth/token',
    { method: 'POST', headers, body: new URLSearchParams({ grant_type: 'password', username, password }) },
    host.url,
  );
const retryAfter = ({ headers }: Answer) => Number(headers.get('retry-after'));

test('wrong credentials are limited sooner than right ones, by account and by address, whatever headers say; the limit frees when it says', async () => {
  // Refresh tokens that are none: no account is locked by them, only the address is counted.
  const guess = (index: number) =>
    call(
      '/v1/auth/token',
      {
        method: 'POST',
        headers: { 'x-forwarded-for': `198.51.100.${index}`, forwarded: `for=198.51.100.${index}`, 'x-real-ip': '::1' },
        body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: `ghr_${'A'.repeat(60)}${index}` }),
      },
      host.url,
    );
  const answers: Answer[] = [];
  let over: Answer | undefined;
  for (let index = 0; index < credentials.burst && !over; index += 1) {
    const answer = await guess(index);
    answers.push(answer);
    if (answer.status === 429) over = answer;
  }
  expect(over).toMatchObject({ status: 429, body: { error: 'slow_down' } });
  // A wrong one costs so many times a right one; some come back while this runs.
  expect(answers.length).toBeLessThan(credentials.burst / 2);
  if (!over) return;
  expect(over.headers.get('x-ratelimit-remaining')).toBe('0');
  expect(over.headers.get('ratelimit')).toMatch(/^"address-(burst|minute)";r=0;t=\d+/);
  expect((await signIn('admin@acme.example', host.password)).status).toBe(429);
  await pause(retryAfter(over) * 1000);
  expect((await signIn('admin@acme.example', host.password)).status).toBe(200);
}, 120_000);

const askKeys = () => call('/.well-known/jwks.json', {}, host.url);

test('the keys are limited by address, and say so in headers that agree', async () => {
  // The first ones start environments, whose answers may be late; then the bucket fills again.
  await Promise.all(Array.from({ length: 8 }, askKeys));
  await pause((discovery.burst / discovery.ratePerSecond) * 1000);
  // A few at a time: all at once would be late answers of Redis, on a machine that does other things.
  const all: Answer[] = [];
  while (all.length < discovery.burst + 60) all.push(...(await Promise.all(Array.from({ length: 6 }, askKeys))));
  const admitted = all.filter(({ status }) => status === 200);
  expect(admitted.length).toBeGreaterThanOrEqual(discovery.burst);
  const over = all.find(({ status }) => status === 429);
  expect(over?.body).toMatchObject({ code: 'rate_limited', limit: { scope: 'address', limit: discovery.burst } });
  expect(over?.headers.get('x-ratelimit-limit')).toBe(String(discovery.burst));
  for (const { headers } of admitted) {
    const [, left] = /^"address-\w+";r=(\d+)/.exec(headers.get('ratelimit') ?? '') ?? [];
    expect(headers.get('x-ratelimit-remaining')).toBe(left);
  }
});
