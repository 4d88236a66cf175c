import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { logger } from '../telemetry';
import { type Breaker, breaker, CONNECT_MS, DEADLINE_MS, PROBE_EVERY_MS } from './breaker';
import type { Commands } from './small-redis';

/**
 * How commands are sent: at once, or not at all while Redis is away. Rejects with `RedisAway`. Whoever can't do without an
 * answer insists: Redis is asked in any case, and awaited for a second.
 */
export type RunCommand = <T>(command: (redis: Redis) => Promise<T>, how?: 'insist') => Promise<T>;

/** The same for who sends any command by its name. */
export const commandsOf = (run: RunCommand): Commands => ({
  call: (command, ...values) => run((redis) => redis.call(command, ...values)),
});

/** What a change or a sign-in waits for: they cannot be done without. */
const PATIENCE_MS = 1_000;

export interface RedisLine extends Pick<Breaker, 'isOpen'> {
  readonly run: RunCommand;
  /** Resolves when Redis answers, however late: whether it is there at all. */
  ping(): Promise<unknown>;
}

/** Commands to Redis with the deadline and the breaker that all of an environment share. */
export function redisLine(open: () => Promise<Redis>): RedisLine {
  let connecting: Promise<unknown> | undefined;
  const circuit = breaker({
    deadlineMs: DEADLINE_MS,
    probeEveryMs: PROBE_EVERY_MS,
    probe: async () => probed(await open()),
    nowMs: () => performance.now(),
    onChange(state, cause) {
      if (state === 'open') logger.warn('Redis is away', { error: cause instanceof Error ? cause : 'unknown failure' });
      else logger.info('Redis is back');
    },
  });
  return {
    get isOpen() {
      return circuit.isOpen;
    },
    async run(command, how) {
      connecting ??= connected(open);
      await connecting;
      return circuit.run(async () => command(await open()), how === 'insist' ? PATIENCE_MS : 0);
    },
    async ping() {
      connecting ??= connected(open);
      await connecting;
      return (await open()).ping();
    },
  };
}

/**
 * A connection that stands and says nothing belongs to a server that is gone, perhaps to one that another has taken the
 * place of: it is made anew.
 */
async function probed(redis: Redis): Promise<void> {
  try {
    await redis.ping();
  } catch (error) {
    if (redis.status === 'ready') redis.disconnect(true);
    throw error;
  }
}

/** Whether or not it has been made by then: what is sent next finds out. */
async function connected(open: () => Promise<Redis>): Promise<void> {
  const signal = new AbortController();
  const made = open().then((redis) => (redis.status === 'wait' ? redis.connect() : undefined));
  const late = pause(CONNECT_MS, undefined, { signal: signal.signal }).catch(() => undefined);
  await Promise.race([made, late]).catch(() => undefined);
  signal.abort();
}
