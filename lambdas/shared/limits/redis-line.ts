import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { logger } from '../telemetry';
import type { RunCommand } from './addresses';
import { type Breaker, breaker } from './breaker';

/** An answer that takes longer is no answer: what is asked here is asked by every request. */
const DEADLINE_MS = 50;
/** With this pace, and what ioredis waits between two attempts to connect, Redis is used again within 5 s. */
const PROBE_EVERY_MS = 1_000;
/** Only the very first command waits for the connection to be made: TLS and sign-in take some round trips. */
const CONNECT_MS = 250;

export interface RedisLine {
  readonly run: RunCommand;
  readonly breaker: Pick<Breaker, 'isOpen'>;
}

/** Commands to Redis with the deadline and the breaker that all of an environment share. */
export function redisLine(open: () => Promise<Redis>): RedisLine {
  let connecting: Promise<unknown> | undefined;
  const circuit = breaker({
    deadlineMs: DEADLINE_MS,
    probeEveryMs: PROBE_EVERY_MS,
    probe: async () => (await open()).ping(),
    nowMs: () => performance.now(),
    onChange(state, cause) {
      if (state === 'open') logger.warn('Redis is away', { error: cause instanceof Error ? cause : 'unknown failure' });
      else logger.info('Redis is back');
    },
  });
  return {
    breaker: circuit,
    async run(command) {
      connecting ??= connected(open);
      await connecting;
      return circuit.run(async () => command(await open()));
    },
  };
}

/** Whether or not it has been made by then: what is sent next finds out. */
async function connected(open: () => Promise<Redis>): Promise<void> {
  const signal = new AbortController();
  const made = open().then((redis) => (redis.status === 'wait' ? redis.connect() : undefined));
  const late = pause(CONNECT_MS, undefined, signal);
  await Promise.race([made, late]).catch(() => undefined);
  signal.abort();
  void late.catch(() => undefined);
}
