import * as fc from 'fast-check';
import { LocalBuckets, shareOf } from '../../../lambdas/shared/limits/local-buckets';

test('a bucket admits what a plain model of it admits, and what it is told to wait is enough', () => {
  const steps = fc.array(
    fc.record({ afterMs: fc.integer({ min: 0, max: 3_000 }), cost: fc.integer({ min: 1, max: 5 }) }),
    { maxLength: 60 },
  );
  const buckets = fc.record({
    ratePerSecond: fc.constantFrom(0.5, 1, 2, 4, 8),
    burst: fc.integer({ min: 5, max: 12 }),
  });
  fc.assert(
    fc.property(buckets, steps, (bucket, asked) => {
      let nowMs = 1_000_000;
      const local = new LocalBuckets(10, () => nowMs);
      let level = bucket.burst;
      let atMs = nowMs;
      for (const { afterMs, cost } of asked) {
        nowMs += afterMs;
        level = Math.min(bucket.burst, level + ((nowMs - atMs) / 1000) * bucket.ratePerSecond);
        atMs = nowMs;
        const { waitMs } = local.take('a', bucket, cost);
        expect(waitMs === 0).toBe(level >= cost - 1e-6);
        if (waitMs === 0) level -= cost;
        else {
          expect(local.peek('a', bucket, cost).waitMs).toBe(waitMs);
          nowMs += waitMs;
          expect(local.peek('a', bucket, cost).waitMs).toBe(0);
          nowMs -= waitMs;
        }
      }
    }),
  );
});

test('a cost above the burst takes the whole bucket, and only a full one', () => {
  let nowMs = 0;
  const local = new LocalBuckets(10, () => nowMs);
  const bucket = { ratePerSecond: 1, burst: 3 };
  expect(local.take('a', bucket, 100)).toMatchObject({ waitMs: 0, left: 0 });
  expect(local.take('a', bucket, 100).waitMs).toBe(3_000);
  nowMs += 3_000;
  expect(local.take('a', bucket, 100).waitMs).toBe(0);
});

test('spending what is not there empties the bucket and no more', () => {
  const local = new LocalBuckets(10, () => 0);
  const bucket = { ratePerSecond: 1, burst: 3 };
  for (let spent = 0; spent < 5; spent += 1) local.spend('a', bucket, 2);
  expect(local.peek('a', bucket, 1)).toMatchObject({ left: 0, waitMs: 1_000 });
});

test('whoever invents keys fills no memory: those used longest ago are forgotten', () => {
  const local = new LocalBuckets(2, () => 0);
  const bucket = { ratePerSecond: 1, burst: 1 };
  for (const key of ['a', 'b', 'c']) local.take(key, bucket, 1);
  expect(['a', 'b', 'c'].map((key) => local.peek(key, bucket, 1).left)).toEqual([1, 0, 0]);
});

test('a share leaves at least one token', () => {
  expect(shareOf({ ratePerSecond: 5, burst: 4 }, 0.1)).toEqual({ ratePerSecond: 0.5, burst: 1 });
});
