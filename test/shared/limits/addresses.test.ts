import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Refusal } from '../../../lambdas/shared/errors';
import { addressGuard } from '../../../lambdas/shared/limits/addresses';
import { DEFAULT_LIMITS } from '../../../lambdas/shared/limits/defaults';
import type { AddressClass, AddressLimits } from '../../../lambdas/shared/limits/plans';
import { limitHeaders } from '../../../lambdas/shared/limits/standing';
import type { Commands } from '../../../lambdas/shared/stores/redis';
import { fixedSettings } from '../../support/limits';
import { captureOutput } from '../../support/output';
import { downRedis, REDIS_KINDS, type TestRedis } from '../../support/redis';

captureOutput();

const SLOW = { ratePerSecond: 0.01, burst: 20, perMinute: 1_000 };
const SETTINGS: AddressLimits = {
  credentials: { ...SLOW, wrongCosts: 5 },
  discovery: SLOW,
  services: SLOW,
  pages: SLOW,
};
/** A network that no other test asks from. */
const newNetwork = () => `2001:db8:${randomUUID().slice(0, 4)}:${randomUUID().slice(0, 4)}`;

const never: Commands = { call: () => Promise.reject(new Error('Redis was asked')) };

/** An environment of its own. */
function environment(redis: Commands, addresses: Partial<AddressLimits> = {}, nowMs = Date.now) {
  const settings = fixedSettings({ ...DEFAULT_LIMITS, addresses: { ...SETTINGS, ...addresses } });
  const guard = addressGuard({ redis, settings, nowMs });
  const outcome = (kind: AddressClass, address: string) =>
    guard.admit(kind, address).then(
      () => 'ok',
      (error: unknown) => (error instanceof Refusal ? error : Promise.reject(error)),
    );
  const admitted = async (kind: AddressClass, address: string, count: number) => {
    const all = await Promise.all(Array.from({ length: count }, () => outcome(kind, address)));
    return all.filter((each) => each === 'ok').length;
  };
  return { guard, outcome, admitted };
}

describe.each(REDIS_KINDS)('on %s', (_, start) => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await start();
  }, 30_000);
  afterAll(() => redis.stop());

  test('all environments together let through what one address may do', async () => {
    const address = `${newNetwork()}::1`;
    const all = [1, 2, 3].map(() => environment(redis.commands));
    const counts = await Promise.all(all.map((each) => each.admitted('credentials', address, 15)));
    expect(counts.reduce((sum, count) => sum + count)).toBe(20);
  });

  test('an IPv6 address is counted as its /64, an IPv4 address inside IPv6 as itself', async () => {
    const { admitted } = environment(redis.commands);
    const network = newNetwork();
    expect(await admitted('discovery', `${network}::1`, 20)).toBe(20);
    expect(await admitted('discovery', `${network}:ffff:1:2:3`, 1)).toBe(0);
    expect(await admitted('discovery', '198.51.100.7', 20)).toBe(20);
    expect(await admitted('discovery', '::ffff:198.51.100.7', 1)).toBe(0);
    expect(await admitted('discovery', '198.51.100.8', 1)).toBe(1);
  });

  test('what is limited for one class of routes is not for another', async () => {
    const { admitted } = environment(redis.commands);
    const address = `${newNetwork()}::1`;
    expect(await admitted('credentials', address, 30)).toBe(20);
    expect(await admitted('discovery', address, 30)).toBe(20);
  });

  test('wrong credentials count as often as the settings say, in every environment', async () => {
    const [one, two] = [environment(redis.commands), environment(redis.commands)];
    const address = `${newNetwork()}::1`;
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect(await one.outcome('credentials', address)).toBe('ok');
      await one.guard.wrong(address);
    }
    expect(await two.admitted('credentials', address, 30)).toBe(5);
  });

  test('a refusal names the address as its scope, and the same request succeeds exactly when it says', async () => {
    const { outcome } = environment(redis.commands, { discovery: { ratePerSecond: 1, burst: 2, perMinute: 100 } });
    const address = `${newNetwork()}::1`;
    let refused: unknown = 'ok';
    while (refused === 'ok') refused = await outcome('discovery', address);
    const { headers, extensions } = refused instanceof Refusal ? refused : { headers: {}, extensions: {} };
    expect({ headers, extensions }).toMatchObject({
      headers: { 'retry-after': '1', 'x-ratelimit-limit': '2', 'x-ratelimit-remaining': '0' },
      extensions: { limit: { scope: 'address', name: 'burst', retryAfterSeconds: 1 } },
    });
    await pause(1_000);
    expect(await outcome('discovery', address)).toBe('ok');
  });

  test('a flood reaches Redis as often as the limit lets requests through, however many come', async () => {
    const { admitted } = environment(redis.commands);
    const address = `${newNetwork()}::1`;
    const commands = async () =>
      Number(/cmdstat_evalsha:calls=(\d+)/.exec(await redis.client.info('commandstats'))?.[1]);
    await admitted('credentials', `${newNetwork()}::1`, 1);
    const before = await commands();
    for (let wave = 0; wave < 10; wave += 1) await admitted('credentials', address, 1_000);
    expect((await commands()) - before).toBeLessThanOrEqual(21);
  });

  test('what Redis has refused is refused here until then, and asked again after', async () => {
    let nowMs = Date.now();
    const limit = { ratePerSecond: 0.5, burst: 3, perMinute: 100 };
    const [one, two] = [{ discovery: limit }, { discovery: limit }].map((limits) =>
      environment(redis.commands, limits, () => nowMs),
    );
    const address = `${newNetwork()}::1`;
    await one?.admitted('discovery', address, 3);
    expect(await two?.outcome('discovery', address)).toBeInstanceOf(Refusal);
    await pause(2_100);
    // By its own clock no time has passed: Redis is not asked, though it would say yes.
    expect(await two?.outcome('discovery', address)).toBeInstanceOf(Refusal);
    nowMs += 2_100;
    expect(await two?.outcome('discovery', address)).toBe('ok');
  });

  test.each(['pages', 'services'] as const)('%s are counted in each environment, and ask no store', async (kind) => {
    const { admitted } = environment(never);
    expect(await admitted(kind, `${newNetwork()}::1`, 100)).toBe(20);
  });
});

test('without Redis a share is let through, and the headers say so', async () => {
  const { guard, admitted } = environment(downRedis());
  const first = await guard.admit('credentials', '192.0.2.1');
  expect(first && limitHeaders(first, Date.now())).toMatchObject({
    'x-ratelimit-mode': 'degraded',
    'x-ratelimit-limit': '2',
  });
  expect(await admitted('credentials', '192.0.2.1', 30)).toBe(1);
});
