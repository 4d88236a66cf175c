import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import * as z from 'zod/mini';
import { refuse } from '../shared/errors';
import { networkOf } from '../shared/limits/network';
import type { Redis } from '../shared/stores/redis';
import { type Script, script } from '../shared/stores/script';

/*
 * How often a password may be tried: by account and by address. An attempt takes a place before its password is
 * checked, and there are only as many places as failures are left until the next delay: a thousand guesses sent at once
 * are as many as sent one by one. Whether the account exists is asked nowhere here.
 */

/** Failures without a delay; from then on the delay doubles with each. */
const ACCOUNT_FREE = 5;
const ADDRESS_FREE = 20;
const FIRST_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 15 * 60_000;
/** Failures are forgotten when none has followed for this long. */
const FORGET_MS = 60 * 60_000;
/** A place whose holder has died is free again. */
const PLACE_MS = 15_000;
/** An attempt waits for a place this often; who signs in many times at once waits, and is not refused. */
const PAUSE_MS = 100;
const MOST_PAUSES = 60;

const RETRY_AFTER = { 'retry-after': '2' };

/** ARGV: now, id, place, free of the account, free of the address. */
const ATTEMPT = script(`
local now = tonumber(ARGV[1])
local wait = 0
for i = 1, 2 do
  wait = math.max(wait, tonumber(redis.call('HGET', KEYS[i], 'until') or 0) - now)
end
if wait > 0 then return { 'locked', wait } end
for i = 1, 2 do
  local failures, taken = 0, 0
  local fields = redis.call('HGETALL', KEYS[i])
  for f = 1, #fields, 2 do
    local value = tonumber(fields[f + 1])
    if fields[f] == 'failures' then failures = value
    elseif fields[f] ~= 'until' and value > now then taken = taken + 1
    elseif fields[f] ~= 'until' then redis.call('HDEL', KEYS[i], fields[f]) end
  end
  if taken >= math.max(1, tonumber(ARGV[i + 3]) - failures) then return { 'busy', 1000 } end
end
for i = 1, 2 do
  redis.call('HSET', KEYS[i], ARGV[2], now + ARGV[3])
  if redis.call('PTTL', KEYS[i]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[i], ARGV[3]) end
end
return { 'admitted', 0 }`);
const Attempting = z.tuple([z.enum(['admitted', 'busy', 'locked']), z.int()]);

/** ARGV: now, id, outcome, first delay, longest delay, forget, free of the account, free of the address. */
const ATTEMPTED = script(`
local now, longest = tonumber(ARGV[1]), 0
for i = 1, 2 do redis.call('HDEL', KEYS[i], ARGV[2]) end
if ARGV[3] == 'right' then redis.call('HDEL', KEYS[1], 'failures', 'until') end
if ARGV[3] ~= 'wrong' then return 0 end
for i = 1, 2 do
  local over = redis.call('HINCRBY', KEYS[i], 'failures', 1) - tonumber(ARGV[i + 6])
  redis.call('PEXPIRE', KEYS[i], ARGV[6])
  if over >= 0 then
    local delay = math.min(ARGV[4] * 2 ^ math.min(over, 30), ARGV[5])
    redis.call('HSET', KEYS[i], 'until', string.format('%.0f', now + delay))
    longest = math.max(longest, delay)
  end
end
return longest`);

/** Who tries, and from where. */
export interface Attempt {
  readonly email: string;
  readonly address: string;
}

export interface Lockout {
  /**
   * Runs a check of a password and counts how it ended. Refuses with 429 while the account or the address is locked, and
   * with 503 when that can't be known. A check that throws counts as none.
   * @returns what the check found, and for how long (ms) it locked the account or the address
   */
  guard<T>(attempt: Attempt, check: () => Promise<T | undefined>): Promise<{ found: T | undefined; lockedMs: number }>;
}

export function lockout(redis: Redis, now: () => number): Lockout {
  const send = (ask: Script, keys: Keys, ...values: (string | number)[]): Promise<unknown> =>
    ask(redis.insist, keys, [now(), ...values]).catch((cause: unknown) =>
      refuse('not_ready', 'sign-in needs the cache', { headers: RETRY_AFTER, cause }),
    );

  const take = async (keys: Keys, id: string): Promise<void> => {
    const values = [id, PLACE_MS, ACCOUNT_FREE, ADDRESS_FREE];
    for (let pauses = 0; ; pauses += 1) {
      const [state, waitMs] = Attempting.parse(await send(ATTEMPT, keys, ...values));
      if (state === 'admitted') return;
      if (state === 'locked' || pauses === MOST_PAUSES) tooMany(waitMs);
      await pause(PAUSE_MS);
    }
  };
  const leave = async (keys: Keys, id: string, outcome: 'right' | 'wrong' | 'unknown'): Promise<number> => {
    const values = [id, outcome, FIRST_DELAY_MS, LONGEST_DELAY_MS, FORGET_MS, ACCOUNT_FREE, ADDRESS_FREE];
    return Number(await send(ATTEMPTED, keys, ...values));
  };

  return {
    async guard(attempt, check) {
      const [keys, id] = [keysOf(attempt), randomUUID()];
      await take(keys, id);
      try {
        const found = await check();
        return { found, lockedMs: await leave(keys, id, found === undefined ? 'wrong' : 'right') };
      } catch (error) {
        await leave(keys, id, 'unknown').catch(() => undefined);
        throw error;
      }
    },
  };
}

type Keys = readonly [account: string, address: string];

/** Both in one hash slot, for one script. No address of a person stands in Redis. */
const keysOf = ({ email, address }: Attempt): Keys => {
  const account = createHash('sha256').update(email).digest('base64url');
  return [`gatehouse:{sign-in}:account:${account}`, `gatehouse:{sign-in}:address:${networkOf(address)}`];
};

/** Whether it is the account or the address that is locked is told to nobody: accounts could be found by it. */
function tooMany(waitMs: number): never {
  const retryAfterSeconds = Math.ceil(waitMs / 1000);
  return refuse('rate_limited', 'too many attempts to sign in', {
    headers: { 'retry-after': String(retryAfterSeconds) },
    extensions: { limit: { name: 'attempts', scope: 'sign-in', retryAfterSeconds } },
  });
}
