import { BoundedMap } from '../bounded-map';
import { RedisAway } from '../stores/breaker';
import type { Commands } from '../stores/redis';
import { script } from '../stores/script';
import { countDegraded } from '../telemetry';
import { bucketOf, LocalBuckets, shareOf, type Taken } from './local-buckets';
import { limitNumbers, METER } from './meter';
import { networkOf } from './network';
import type { AddressClass, Limit } from './plans';
import type { Settings } from './settings';
import { type LimitState, leastOf, policiesOf, tooMany } from './standing';

/*
 * How much one address may do where nobody has signed in. What one environment alone has seen to be too much is too much,
 * and what Redis has refused stays refused until then: a flood is answered here, and does not reach Redis.
 */

/** ARGV: cost, forced, the numbers of the limit. Answers wait (ms), which limit, and the levels. */
const ADDRESS = script(`${METER}
local t = call('TIME')
local us = tonumber(t[1]) * 1000000 + tonumber(t[2])
local l = {}
for i = 3, #ARGV do l[i - 2] = tonumber(ARGV[i]) end
local cost = tonumber(ARGV[1])
local m = meter(call('GET', KEYS[1]), us)
settle(m, l)
local longest, by = 0, 0
if ARGV[2] == '0' then longest, by = wait(m, l, cost) end
local function keep(text, seconds) call('SET', KEYS[1], text, 'EX', seconds) end
if longest == 0 then keep(spend(m, l, cost)) elseif m.clipped then keep(packed(m, l)) end
return { ceil(longest / 1000), by, levels(m, l) }`);

export interface AddressGuard {
  /**
   * Counts a request. Refuses with `rate_limited`.
   * @returns where the address stands; nothing for what is counted in this environment alone
   */
  admit(kind: AddressClass, address: string): Promise<LimitState | undefined>;
  /** The request has shown wrong credentials: it costs more. */
  wrong(address: string): Promise<void>;
}

interface AddressDeps {
  readonly redis: Commands;
  readonly settings: Settings;
  nowMs(): number;
}

const MOST_ADDRESSES = 10_000;

export function addressGuard({ redis, settings, nowMs }: AddressDeps): AddressGuard {
  const here = new LocalBuckets(MOST_ADDRESSES, nowMs);
  const alone = new LocalBuckets(MOST_ADDRESSES, nowMs);
  const refusedUntil = new BoundedMap<string, RefusedUntil>(MOST_ADDRESSES);

  /** Refuses until the moment that the state names, and remembers that it does. */
  const refuseUntil = (id: string, state: LimitState): never => {
    refusedUntil.set(id, { state, untilMs: nowMs() + state.binding.resetSeconds * 1000 });
    throw tooMany(state, nowMs());
  };

  const askRedis = async (id: string, limit: Limit, { cost, forced }: { cost: number; forced: boolean }) => {
    const values = [cost, forced ? 1 : 0, ...limitNumbers(limit)];
    return decode(await ADDRESS(redis, [`gatehouse:{address:${id}}`], values));
  };

  const askAlone = (id: string, limit: Limit): LimitState => {
    countDegraded();
    const bucket = shareOf(bucketOf(limit), settings.current().settings.degradedShare);
    const taken = alone.take(id, bucket, 1);
    const state = stateOfBucket({ ...limit, ...bucket }, taken, true);
    return taken.waitMs > 0 ? refuseUntil(id, state) : state;
  };

  return {
    async admit(kind, address) {
      const limit: Limit = settings.current().settings.addresses[kind];
      const id = `${kind}:${networkOf(address)}`;
      const refused = refusedUntil.get(id);
      if (refused && refused.untilMs > nowMs()) throw tooMany(until(refused, nowMs()), nowMs());
      const taken = here.take(id, limit, 1);
      if (taken.waitMs > 0) return refuseUntil(id, stateOfBucket(limit, taken, false));
      if (kind === 'pages' || kind === 'services') return undefined;
      try {
        const { waitMs, by, levels } = await askRedis(id, limit, { cost: 1, forced: false });
        const policies = policiesOf('address', limit, levels);
        if (waitMs === 0) return { policies, binding: leastOf(policies), degraded: false };
        const binding = policies[by - 1] ?? leastOf(policies);
        return refuseUntil(id, { policies, binding: { ...binding, resetSeconds: secondsOf(waitMs) }, degraded: false });
      } catch (error) {
        if (error instanceof RedisAway) return askAlone(id, limit);
        throw error;
      }
    },
    async wrong(address) {
      const { wrongCosts, ...limit } = settings.current().settings.addresses.credentials;
      const id = `credentials:${networkOf(address)}`;
      const cost = wrongCosts - 1;
      if (cost === 0) return;
      here.spend(id, limit, cost);
      alone.spend(id, shareOf(bucketOf(limit), settings.current().settings.degradedShare), cost);
      await askRedis(id, limit, { cost, forced: true }).catch(() => undefined);
    },
  };
}

const secondsOf = (milliseconds: number) => Math.ceil(milliseconds / 1000);

function stateOfBucket(limit: Limit, { waitMs, left, resetMs }: Taken, degraded: boolean): LimitState {
  const [burst] = policiesOf('address', limit, [left, waitMs > 0 ? waitMs : resetMs]);
  const binding = burst ?? leastOf([]);
  return { policies: [binding], binding, degraded };
}

interface RefusedUntil {
  readonly state: LimitState;
  readonly untilMs: number;
}

const until = ({ state, untilMs }: RefusedUntil, nowMs: number): LimitState => ({
  ...state,
  binding: { ...state.binding, resetSeconds: secondsOf(untilMs - nowMs) },
});

/** Wait (ms), which limit, and the levels of the meter: numbers all. */
function decode(answer: unknown): { readonly waitMs: number; readonly by: number; readonly levels: readonly number[] } {
  if (!Array.isArray(answer)) throw new Error('Redis: not an answer of the script');
  const [waitMs = 0, by = 0, ...levels] = answer.map(Number);
  return { waitMs, by, levels };
}
