import { LocalBuckets } from '../shared/limits/local-buckets';
import { networkOf } from '../shared/limits/network';

/** Keys that nobody has: so many at once, and then one a second, are looked up for each network. */
const UNKNOWN = { ratePerSecond: 1, burst: 20 };
const MOST_NETWORKS = 5_000;

export interface UnknownBudget {
  isLeft(address: string): boolean;
  /** A key from there was none. */
  spend(address: string): void;
}

/**
 * What keeps a flood of invented keys from the stores: each costs a lookup in Redis and in DynamoDB, and none can be kept as
 * known. By network, so that one attacker starves nobody else; keys that are known here go on from there too. An authorizer
 * can't say 429: who is refused for want of budget gets the 401 that an unknown key gets, which API Gateway does not keep.
 */
export function unknownBudget(nowMs: () => number): UnknownBudget {
  const buckets = new LocalBuckets(MOST_NETWORKS, nowMs);
  return {
    isLeft: (address) => buckets.peek(networkOf(address), UNKNOWN, 1).waitMs === 0,
    spend: (address) => void buckets.spend(networkOf(address), UNKNOWN, 1),
  };
}
