import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { intervalOf } from '../../../lambdas/shared/limits/meter';
import type { Limit } from '../../../lambdas/shared/limits/plans';
import { spendAt } from '../../support/meter';
import { startRedis, type TestRedis } from '../../support/redis';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
}, 30_000);
afterAll(() => redis.stop());

const START_US = Date.UTC(2026, 10, 24, 12) * 1000;
const SECOND_US = 1e6;
const MINUTE_US = 60 * SECOND_US;
const HUGE = 100_000_000;

const onNewMeter = (limit: Limit) => {
  const key = `meter:${randomUUID()}`;
  return (us: number, cost = 1, now: Limit = limit) => spendAt(redis.client, key, now, us, cost);
};

interface Spent {
  readonly us: number;
  readonly cost: number;
}
const costOf = (events: readonly Spent[]) => events.reduce((sum, { cost }) => sum + cost, 0);
/** The most that any true window of a minute has seen: it is reached by one that ends with an event. */
const busiestMinute = (events: readonly Spent[]) =>
  Math.max(0, ...events.map(({ us }) => costOf(events.filter((each) => each.us <= us && each.us > us - MINUTE_US))));

/** Tokens of a bucket that is refilled as one reads it: the plain model. */
function plainBucket({ burst, ...limit }: Limit) {
  const interval = intervalOf(limit);
  let missingUs = 0;
  let atUs = START_US;
  return (us: number, cost: number) => {
    missingUs = Math.max(0, missingUs - (us - atUs));
    atUs = us;
    if (missingUs + cost * interval > burst * interval) return false;
    missingUs += cost * interval;
    return true;
  };
}

const steps = (longestUs: number, dearest: number) =>
  fc.array(fc.record({ afterUs: fc.integer({ min: 0, max: longestUs }), cost: fc.integer({ min: 1, max: dearest }) }), {
    minLength: 1,
    maxLength: 60,
  });

test('the bucket admits what a plain model of it admits, whatever is asked when', async () => {
  const limits = fc.record({
    ratePerSecond: fc.constantFrom(0.5, 1, 3, 7, 50, 333, 10_000),
    burst: fc.integer({ min: 1, max: 20 }),
    perMinute: fc.constant(HUGE),
  });
  await fc.assert(
    fc.asyncProperty(limits, steps(2 * SECOND_US, 4), async (limit, asked) => {
      const [spend, model] = [onNewMeter(limit), plainBucket(limit)];
      let us = START_US;
      for (const { afterUs, cost } of asked) {
        us += afterUs;
        const { waitUs } = await spend(us, cost);
        expect(waitUs === 0).toBe(model(us, cost));
      }
    }),
    { numRuns: 60 },
  );
});

test('no true minute ever sees more than the limit, wherever it begins', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 30 }), steps(20 * SECOND_US, 6), async (perMinute, asked) => {
      const spend = onNewMeter({ ratePerSecond: 10_000, burst: 100_000, perMinute });
      const admitted: Spent[] = [];
      let us = START_US;
      for (const { afterUs, cost } of asked) {
        us += afterUs;
        if ((await spend(us, cost)).waitUs === 0) admitted.push({ us, cost });
      }
      expect(busiestMinute(admitted)).toBeLessThanOrEqual(perMinute);
    }),
    { numRuns: 60 },
  );
});

test('all that a boundary attack gains is nothing: the end of one minute and the beginning of the next share the limit', async () => {
  const spend = onNewMeter({ ratePerSecond: 10_000, burst: 100_000, perMinute: 50 });
  const admitted: Spent[] = [];
  // One request a millisecond around each boundary of a minute, of a second, and of both at once.
  for (const boundary of [MINUTE_US, 2 * MINUTE_US, 2.5 * MINUTE_US, 3 * MINUTE_US])
    for (let ms = -60; ms < 60; ms += 1) {
      const us = START_US + boundary + ms * 1000;
      if ((await spend(us)).waitUs === 0) admitted.push({ us, cost: 1 });
    }
  expect(busiestMinute(admitted)).toBe(50);
});

test.each([
  ['evenly, more than it may', 2],
  ['in bursts of a second', 100],
])('who sends %s gets at least 98 %% of the limit', async (_, atOnce) => {
  const perMinute = 120;
  const spend = onNewMeter({ ratePerSecond: 10_000, burst: 100_000, perMinute });
  const minutes = 4;
  let admitted = 0;
  // Between 2 and 100 requests in a second, 1.5 to 50 times the limit.
  for (let ms = 0; ms < minutes * 60_000; ms += 1000 / (atOnce === 2 ? 3 : 1))
    for (let one = 0; one < (atOnce === 2 ? 1 : atOnce); one += 1) {
      const { waitUs } = await spend(Math.round(START_US + ms * 1000));
      if (waitUs === 0) admitted += 1;
      else if (atOnce > 2) break;
    }
  expect(admitted).toBeLessThanOrEqual(perMinute * minutes);
  expect(admitted).toBeGreaterThanOrEqual(Math.floor(perMinute * minutes * 0.98));
});

test('a refused request succeeds after exactly the wait that was named, and not a microsecond earlier', async () => {
  const limits = fc.record({
    ratePerSecond: fc.constantFrom(0.5, 3, 50),
    burst: fc.integer({ min: 1, max: 8 }),
    perMinute: fc.integer({ min: 1, max: 12 }),
  });
  await fc.assert(
    fc.asyncProperty(limits, steps(3 * SECOND_US, 3), async (limit, asked) => {
      const spend = onNewMeter(limit);
      let us = START_US;
      for (const { afterUs, cost } of asked) {
        us += afterUs;
        const { waitUs } = await spend(us, cost);
        if (waitUs < 0) expect(cost).toBeGreaterThan(Math.min(limit.burst, limit.perMinute));
        if (waitUs <= 0) continue;
        expect((await spend(us + waitUs - 1, cost)).waitUs).toBe(1);
        us += waitUs;
        expect((await spend(us, cost)).waitUs).toBe(0);
      }
    }),
    { numRuns: 60 },
  );
});

const wide = { ratePerSecond: 10_000, burst: 100_000, perMinute: HUGE };

test('a quota ends with the day or the month in UTC, in leap years too', async () => {
  for (let day = 0; day < 1600; day += 9) {
    const at = new Date(Date.UTC(2027, 0, 1 + day, 13, 5, 7));
    const [year, month, date] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()];
    const ofDay = onNewMeter({ ...wide, quota: { requests: 10, per: 'day' } });
    const ofMonth = onNewMeter({ ...wide, quota: { requests: 10, per: 'month' } });
    expect((await ofDay(at.getTime() * 1000)).quotaEndsSeconds).toBe(Date.UTC(year, month, date + 1) / 1000);
    expect((await ofMonth(at.getTime() * 1000)).quotaEndsSeconds).toBe(Date.UTC(year, month + 1, 1) / 1000);
  }
});

test('a quota that is spent is whole again at midnight, and not before', async () => {
  const spend = onNewMeter({ ...wide, quota: { requests: 3, per: 'day' } });
  for (let use = 0; use < 3; use += 1) expect((await spend(START_US)).waitUs).toBe(0);
  const midnight = Date.UTC(2026, 10, 25) * 1000;
  expect(await spend(START_US)).toMatchObject({
    waitUs: midnight - START_US,
    by: 3,
    left: [expect.any(Number), HUGE - 3, 0],
  });
  expect((await spend(midnight - 1)).waitUs).toBe(1);
  expect(await spend(midnight)).toMatchObject({ waitUs: 0, left: [expect.any(Number), HUGE - 1, 2] });
});

test('a clock that is set back gives nobody more', async () => {
  const spend = onNewMeter({ ratePerSecond: 1, burst: 5, perMinute: 8 });
  for (let use = 0; use < 5; use += 1) await spend(START_US + 30 * SECOND_US);
  expect((await spend(START_US + 10 * SECOND_US)).waitUs).toBeGreaterThan(0);
  // The bucket is full again five seconds later by any clock; the minute still knows the first five.
  const later = START_US + 36 * SECOND_US;
  const results = [];
  for (let use = 0; use < 5; use += 1) results.push((await spend(later)).waitUs === 0);
  expect(results.filter(Boolean)).toHaveLength(3);
});

test('limits that are lowered lock nobody out for longer than they say', async () => {
  const spend = onNewMeter({ ratePerSecond: 1, burst: 1_000, perMinute: HUGE });
  for (let use = 0; use < 10; use += 1) await spend(START_US, 100);
  const lower = { ratePerSecond: 1, burst: 10, perMinute: HUGE };
  const { waitUs, by } = await spend(START_US, 1, lower);
  expect({ waitUs, by }).toEqual({ waitUs: SECOND_US, by: 1 });
});

test('what is left is never less than nothing, and looking spends nothing', async () => {
  const limit: Limit = { ratePerSecond: 2, burst: 4, perMinute: 6, quota: { requests: 5, per: 'day' } };
  await fc.assert(
    fc.asyncProperty(steps(5 * SECOND_US, 4), async (asked) => {
      const spend = onNewMeter(limit);
      let us = START_US;
      for (const { afterUs, cost } of asked) {
        us += afterUs;
        const { left } = await spend(us, cost);
        for (const each of left) expect(each).toBeGreaterThanOrEqual(0);
        const looked = await spend(us, 0);
        expect(looked.left).toEqual(left);
        expect((await spend(us, 0)).left).toEqual(left);
      }
    }),
    { numRuns: 30 },
  );
});
