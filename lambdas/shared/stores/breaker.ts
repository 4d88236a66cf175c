import { setImmediate as afterPoll } from 'node:timers/promises';

/** Redis does not answer, or not in time: the caller is told so at once, and does without. */
export class RedisAway extends Error {
  override name = 'RedisAway';
}

export interface BreakerOptions {
  /** How long an answer is awaited. */
  readonly deadlineMs: number;
  /** While open: how long after a probe the next one is sent. */
  readonly probeEveryMs: number;
  /** Resolves when Redis answers; sent beside a request, never awaited by it. */
  probe(): Promise<unknown>;
  /** A monotonic clock in milliseconds. */
  nowMs(): number;
  /** Told when it opens and closes. */
  onChange(state: 'open' | 'closed', cause?: unknown): void;
}

export interface Breaker {
  /**
   * Rejects with `RedisAway` when Redis fails or is late, and at once while it is known to be away.
   * @param patienceMs of what cannot be done without Redis: it is asked all the same, and awaited for so long
   */
  run<T>(work: () => Promise<T>, patienceMs?: number): Promise<T>;
  readonly isOpen: boolean;
}

/** An answer that takes longer is no answer: what is asked here is asked by every request. */
export const DEADLINE_MS = 50;
/** With this pace, and the second after which a connection that says nothing is given up, Redis is used again within 5 s. */
export const PROBE_EVERY_MS = 1_000;
/** Only the very first commands wait for the connection to be made: TLS and sign-in take some round trips. */
export const CONNECT_MS = 250;
/** What a change or a sign-in waits for: they cannot be done without. */
export const PATIENCE_MS = 1_000;

/** One late answer is a pause of somebody's; the next one in a row is a Redis that does not keep up. */
const LATE_TO_OPEN = 2;

/**
 * Stops asking a Redis that does not answer: a failure opens it at once, late answers when two follow each other. While it
 * is open a probe goes out with a request now and then, and the first answer within the deadline closes it.
 */
export function breaker({ deadlineMs, probeEveryMs, probe, nowMs, onChange }: BreakerOptions): Breaker {
  let isOpen = false;
  let probedAtMs = 0;
  let late = 0;

  const open = (cause: unknown) => {
    if (isOpen) return;
    isOpen = true;
    probedAtMs = nowMs();
    onChange('open', cause);
  };
  const close = () => {
    late = 0;
    if (!isOpen) return;
    isOpen = false;
    onChange('closed');
  };
  const sendProbe = async () => {
    if (nowMs() - probedAtMs < probeEveryMs) return;
    probedAtMs = nowMs();
    const answered = await probe().then(
      () => true,
      () => false,
    );
    if (answered && nowMs() - probedAtMs <= deadlineMs) close();
  };

  return {
    get isOpen() {
      return isOpen;
    },
    async run(work, patienceMs = 0) {
      if (isOpen && patienceMs === 0) {
        void sendProbe();
        throw new RedisAway('Redis is known to be away');
      }
      const began = nowMs();
      try {
        const answer = await within(work(), Math.max(deadlineMs, patienceMs));
        if (nowMs() - began <= deadlineMs) close();
        return answer;
      } catch (cause) {
        late += 1;
        if (!(cause instanceof RedisAway) || late >= LATE_TO_OPEN) open(cause);
        throw cause instanceof RedisAway ? cause : new RedisAway('Redis has failed', { cause });
      }
    },
  };
}

/** The answer, or `RedisAway`. An answer that was there but waited for a busy event loop is in time. */
function within<T>(answer: Promise<T>, deadlineMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      void afterPoll().then(() => reject(new RedisAway(`no answer within ${deadlineMs} ms`)));
    }, deadlineMs);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
