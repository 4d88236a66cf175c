import { setTimeout as pause } from 'node:timers/promises';
import { type Attempt, lockout } from '../../lambdas/auth/lockout';
import { networkOf } from '../../lambdas/shared/limits/network';
import { captureOutput } from '../support/output';
import { downRedis } from '../support/redis';
import { PASSWORD } from '../support/tenants';
import { postForm, startAuth, type TestAuth } from './support';

captureOutput();
let given: TestAuth;
beforeAll(async () => {
  given = await startAuth();
}, 60_000);
afterAll(() => given.stop());
beforeEach(() => given.tenants.redis.client.flushdb());

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** A lock-out with a clock of its own. */
function started() {
  const clock = { ms: Date.now() };
  const { guard } = lockout(given.tenants.redis.commands, () => clock.ms);
  const attempt = (right: boolean, who: Partial<Attempt> = {}, check: () => Promise<unknown> = async () => undefined) =>
    guard({ email: 'ada@acme.example', address: '192.0.2.1', ...who }, async () => {
      await check();
      return right ? 'right' : undefined;
    });
  const wrong = (who?: Partial<Attempt>) => attempt(false, who);
  /** Seconds of `Retry-After`, or 0 for an attempt that was let in. */
  const wait = (right: boolean, who?: Partial<Attempt>) =>
    attempt(right, who).then(
      () => 0,
      (error: { headers: Record<string, string> }) => Number(error.headers['retry-after']),
    );
  return { clock, attempt, wrong, wait };
}

test('after five failures an account waits a second, twice as long after each more, and fifteen minutes at most', async () => {
  const { clock, wrong, wait } = started();
  const locked = [];
  for (let count = 0; count < 20; count += 1) {
    const { lockedMs } = await wrong({ address: `10.0.0.${count}` });
    locked.push(lockedMs / SECOND);
    if (lockedMs > 0) expect(await wait(true, { address: '10.0.1.1' })).toBe(lockedMs / SECOND);
    clock.ms += lockedMs;
  }
  expect(locked).toEqual([0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900, 900, 900]);
});

const accountKey = async () => (await given.tenants.redis.client.keys('*account*'))[0] ?? 'none';

test('the right password clears the account, not the address', async () => {
  const { wrong, wait, attempt } = started();
  for (let count = 0; count < 4; count += 1) await wrong();
  await attempt(true);
  for (let count = 0; count < 4; count += 1) await wrong();
  expect(await wait(true)).toBe(0);
  for (let count = 0; count < 12; count += 1) await wrong({ email: `${count}@acme.example` });
  expect(await wait(true, { email: 'else@acme.example' })).toBe(1);
  expect(await wait(true, { email: 'else@acme.example', address: '192.0.2.2' })).toBe(0);
});

test('a locked account is let in again when the time is over, and failures are forgotten after an hour', async () => {
  const { clock, wrong, wait } = started();
  for (let count = 0; count < 7; count += 1) {
    const { lockedMs } = await wrong();
    clock.ms += lockedMs;
  }
  await wrong();
  expect(await wait(true)).toBe(8);
  clock.ms += 8 * SECOND;
  const ttl = await given.tenants.redis.client.pttl(await accountKey());
  expect(ttl).toBeGreaterThan(59 * MINUTE);
  expect(ttl).toBeLessThanOrEqual(60 * MINUTE);
  expect(await wait(true)).toBe(0);
});

test('of a thousand guesses sent at once as many are checked as one by one', async () => {
  const { attempt } = started();
  let checked = 0;
  const guess = () =>
    attempt(false, {}, async () => {
      checked += 1;
      await pause(20);
    });
  const outcomes = await Promise.allSettled(Array.from({ length: 1000 }, guess));
  expect(checked).toBe(5);
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'rate_limited' });
});

test('who signs in many times at once waits, and is let in', async () => {
  const { attempt } = started();
  let most = 0;
  let now = 0;
  const signIn = () =>
    attempt(true, {}, async () => {
      now += 1;
      most = Math.max(most, now);
      await pause(5);
      now -= 1;
    });
  const outcomes = await Promise.all(Array.from({ length: 30 }, signIn));
  expect(outcomes).toHaveLength(30);
  expect(most).toBeLessThanOrEqual(5);
});

test('an attempt whose process died gives its place back', async () => {
  const { clock, attempt, wait } = started();
  const hung = Array.from({ length: 5 }, () => attempt(true, {}, () => new Promise(() => undefined)));
  await pause(50);
  clock.ms += 16 * SECOND;
  expect(await wait(true)).toBe(0);
  expect(hung).toHaveLength(5);
});

test('a check that fails by our fault counts as no attempt', async () => {
  const { attempt, wait } = started();
  for (let count = 0; count < 6; count += 1)
    await expect(attempt(true, {}, () => Promise.reject(new Error('database down')))).rejects.toThrow('database down');
  expect(await wait(true)).toBe(0);
});

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:0001:2::1', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['::', '0:0:0:0::/64'],
  ['1::', '1:0:0:0::/64'],
])('the address %s is counted as %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

const login = (username: string, password: string, handler = given.handler) =>
  postForm(handler, '/v1/auth/token', { grant_type: 'password', username, password });

test('a locked account answers 429 slow_down with Retry-After: the same whether it exists or not, and in any case', async () => {
  for (let count = 0; count < 5; count += 1)
    await Promise.all([login('editor@acme.example', 'wrong'), login('Nobody@acme.example', 'wrong')]);
  const answers = [await login('EDITOR@acme.example', PASSWORD), await login('nobody@acme.example', PASSWORD)];
  for (const answer of answers) {
    expect(answer).toMatchObject({ status: 429, body: { error: 'slow_down' } });
    expect(answer.headers['retry-after']).toBe('1');
  }
  expect(answers[1]).toEqual(answers[0]);
  const stored = await given.tenants.redis.client.keys('*');
  expect(stored.join(' ')).not.toContain('editor');
});

test('where the cache is down nobody signs in without a limit: 503, and when to try again', async () => {
  const down = given.with({ redis: downRedis() });
  const { status, headers, body } = await login('admin@acme.example', PASSWORD, down);
  expect({ status, error: body.error, retry: headers['retry-after'] }).toEqual({
    status: 503,
    error: 'server_error',
    retry: '2',
  });
});
