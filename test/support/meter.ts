import type { Redis } from 'ioredis';
import { limitNumbers, METER } from '../../lambdas/shared/limits/meter';
import type { Limit } from '../../lambdas/shared/limits/plans';

/** A meter of its own at a key, with the clock passed in. */
const HARNESS = `${METER}
local l = {}
for i = 3, #ARGV do l[i - 2] = tonumber(ARGV[i]) end
local us, cost = tonumber(ARGV[1]), tonumber(ARGV[2])
local m = meter(redis.call('GET', KEYS[1]), us)
settle(m, l)
local longest, by = 0, 0
if cost > 0 then longest, by = wait(m, l, cost) end
if cost > 0 and longest == 0 then redis.call('SET', KEYS[1], (spend(m, l, cost))) end
local result = { string.format('%.0f', longest), by, string.format('%.0f', m.ends), levels(m, l) }
for i = 4, #result do result[i] = string.format('%.0f', result[i]) end
return result`;

export interface Metered {
  /** 0: it was admitted; -1: it never is. */
  readonly waitUs: number;
  readonly by: number;
  readonly quotaEndsSeconds: number;
  readonly left: readonly [burst: number, minute: number, quota: number];
}

/** Spends from a meter at this time, in microseconds since 1970; a cost of 0 only looks. */
export async function spendAt(redis: Redis, key: string, limit: Limit, us: number, cost = 1): Promise<Metered> {
  const answer: unknown = await redis.eval(HARNESS, 1, key, us, cost, ...limitNumbers(limit));
  if (!Array.isArray(answer)) throw new Error('no answer of the meter');
  const [waitUs = 0, by = 0, quotaEndsSeconds = 0, burst = 0, , minute = 0, , quota = 0] = answer.map(Number);
  return { waitUs, by, quotaEndsSeconds, left: [burst, minute, quota] };
}
