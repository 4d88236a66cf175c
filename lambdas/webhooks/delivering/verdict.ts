import type { Outcome } from '../post/outcome';
import type { Trigger } from '../records/delivery';

/** What an attempt means for its delivery. */
export type Verdict =
  | { readonly state: 'delivered' }
  | { readonly state: 'retrying'; readonly atMs: number; readonly why: string }
  /** A probe failed: its delivery waits on, and has lost none of its attempts. */
  | { readonly state: 'parked'; readonly why: string }
  | { readonly state: 'dead'; readonly why: string };

interface Circumstances {
  readonly trigger: Trigger;
  /** How many attempts have been made since the delivery last began anew, this one included. */
  readonly tries: number;
  readonly scheduleSeconds: readonly number[];
  readonly nowMs: number;
  /** From 0 to 1. */
  readonly random: number;
}

/** Of the wait, to either side: what failed at the same time does not come again at the same time. */
const JITTER = 0.2;
const GONE = 410;

/** How an attempt ended, as it is and as it is stored. */
interface Ended {
  readonly status?: number | undefined;
  readonly error?: unknown;
}

export const isSuccess = ({ status, error }: Ended): boolean =>
  error === undefined && status !== undefined && status >= 200 && status < 300;

export const isGone = ({ status, error }: Ended): boolean => error === undefined && status === GONE;

export function verdictOf(
  outcome: Outcome,
  { trigger, tries, scheduleSeconds, nowMs, random }: Circumstances,
): Verdict {
  if (isSuccess(outcome)) return { state: 'delivered' };
  if (isGone(outcome)) return { state: 'dead', why: 'the endpoint answered 410: it is gone' };
  if (trigger === 'probe') return { state: 'parked', why: 'its endpoint still fails' };
  const wait = scheduleSeconds[tries];
  if (wait === undefined) return { state: 'dead', why: `all ${tries} attempts failed` };
  const scheduledMs = wait * 1000 * (1 + JITTER * (2 * random - 1));
  const askedMs = (outcome.retryAfterSeconds ?? 0) * 1000;
  return {
    state: 'retrying',
    atMs: Math.round(nowMs + Math.max(scheduledMs, askedMs)),
    why: askedMs > scheduledMs ? 'the endpoint said Retry-After' : `attempt ${tries + 1} of ${scheduleSeconds.length}`,
  };
}
