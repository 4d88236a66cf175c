import { BoundedMap } from '../bounded-map';
import type { Limit } from './plans';

export interface Bucket {
  readonly ratePerSecond: number;
  readonly burst: number;
}

/** A limit as one bucket: never faster than its rate, nor than its minute. */
export const bucketOf = ({ ratePerSecond, burst, perMinute }: Limit): Bucket => ({
  ratePerSecond: Math.min(ratePerSecond, perMinute / 60),
  burst: Math.min(burst, perMinute),
});

/** A share of a bucket: at least one token, so that nobody is shut out by rounding. */
export const shareOf = ({ ratePerSecond, burst }: Bucket, share: number): Bucket => ({
  ratePerSecond: ratePerSecond * share,
  burst: Math.max(1, Math.floor(burst * share)),
});

export interface Taken {
  /** 0: it was taken. */
  readonly waitMs: number;
  readonly left: number;
  readonly resetMs: number;
}

/** Token buckets in this process alone; those used longest ago are forgotten first. */
export class LocalBuckets {
  private readonly fullAtMs: BoundedMap<string, number>;

  constructor(
    most: number,
    private readonly nowMs: () => number,
  ) {
    this.fullAtMs = new BoundedMap(most);
  }

  /** What taking so much would come to, without taking it. A cost above the burst takes the whole bucket. */
  peek(key: string, { ratePerSecond, burst }: Bucket, cost: number): Taken {
    const now = this.nowMs();
    const perToken = 1000 / ratePerSecond;
    const fullAt = Math.max(this.fullAtMs.get(key) ?? now, now);
    const over = fullAt + perToken * Math.min(cost, burst) - now - perToken * burst;
    // A thousandth of a millisecond is noise of adding fractions, and no token.
    const waitMs = over > 0.001 ? over : 0;
    return { waitMs, left: Math.max(0, Math.floor((now - fullAt) / perToken + burst + 1e-6)), resetMs: fullAt - now };
  }

  take(key: string, bucket: Bucket, cost: number): Taken {
    const before = this.peek(key, bucket, cost);
    return before.waitMs > 0 ? before : this.spend(key, bucket, cost);
  }

  /** Takes it whether it is there or not; no bucket is ever emptier than empty. */
  spend(key: string, bucket: Bucket, cost: number): Taken {
    const now = this.nowMs();
    const perToken = 1000 / bucket.ratePerSecond;
    const fullAt = Math.max(this.fullAtMs.get(key) ?? now, now) + perToken * cost;
    this.fullAtMs.set(key, Math.min(fullAt, now + perToken * bucket.burst));
    return { ...this.peek(key, bucket, 0), waitMs: 0 };
  }
}
