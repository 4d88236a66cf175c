import { setTimeout as pause } from 'node:timers/promises';
import { logLine } from '../log-line';
import { breaker, CONNECT_MS, DEADLINE_MS, PROBE_EVERY_MS } from './breaker';
import type { Commands } from './small-redis';

/**
 * Commands for whoever has another place to ask: a Redis that is slow costs the deadline twice, one that is gone costs
 * nothing, as long as it stays away. As `redisLine`, for code that does without ioredis.
 */
export function quickRedis(redis: Commands): Commands {
  let connecting: Promise<unknown> | undefined;
  const ping = () => redis.call('PING');
  const circuit = breaker({
    deadlineMs: DEADLINE_MS,
    probeEveryMs: PROBE_EVERY_MS,
    probe: ping,
    nowMs: () => performance.now(),
    onChange: (state, error) => logLine('WARN', state === 'open' ? 'Redis is away' : 'Redis is back', { error }),
  });
  return {
    async call(...words) {
      connecting ??= Promise.race([ping(), pause(CONNECT_MS, undefined, { ref: false })]).catch(() => undefined);
      await connecting;
      return circuit.run(() => redis.call(...words));
    },
  };
}
