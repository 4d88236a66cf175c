import type { Trigger } from '../records/delivery';
import type { Change, EndpointState } from '../records/endpoint-state';

/** How old the state may be by which attempts are let through. */
export const TRUSTED_MS = 3_000;

/**
 * An endpoint fails that failed so often in a row for longer than a state is trusted: until then some environment may not
 * know that its successes end the row. Nobody believes in a success after more.
 */
const FAILURES = { lasting: 5, most: 20 };
/** One that has just come back has less credit; not none, or one that fails now and then would never be done draining. */
const FAILURES_DRAINING = 3;
/** Failures further apart than this are left to the schedules of their deliveries, which ask less often than probes do. */
const RECENT_MS = 600_000;

const FIRST_PROBE_MS = 60_000;
const LONGEST_PROBE_MS = 900_000;

/** Deliveries in a second that follow when an endpoint is back; as many again with each minute. */
const DRAIN = { first: 10, most: 320 };
const LASTING_FAILURE_MS = 5 * 86_400_000;

/** From when on failures count towards opening. */
export const recentAfterMs = (nowMs: number): number => nowMs - RECENT_MS;

/** Made whatever is known of the endpoint: they are how it is found out. */
const ASKING: readonly Trigger[] = ['probe', 'test'];

/** Whether an attempt is to wait until its endpoint is back. While that drains, the others come after what waits already. */
export function isParked({ breaker, perSecond = 0 }: EndpointState, trigger: Trigger): boolean {
  if (breaker === undefined || ASKING.includes(trigger)) return false;
  return breaker === 'open' || (trigger !== 'drain' && perSecond < DRAIN.most);
}

const NO_FAILURES = { failures: undefined, recent: undefined, recentSinceMs: undefined, failingSinceMs: undefined };
const NO_PROBES = { openedAtMs: undefined, untold: undefined, probeAtMs: undefined, probeWaitMs: undefined };

/** What a success changes: nothing where nothing was wrong. */
export function afterSuccess(state: EndpointState, nowMs: number): Change | undefined {
  if (state.breaker === 'open')
    return { ...NO_FAILURES, ...NO_PROBES, breaker: 'draining', perSecond: DRAIN.first, dueMs: nowMs };
  return state.failures > 0 || state.failingSinceMs !== undefined ? NO_FAILURES : undefined;
}

/** Whether the failures that have been counted open the breaker. */
export function isFailing({ breaker, recent, recentSinceMs = 0 }: EndpointState, nowMs: number): boolean {
  if (breaker === 'open') return false;
  if (breaker === 'draining') return recent >= FAILURES_DRAINING;
  return recent >= FAILURES.most || (recent >= FAILURES.lasting && nowMs - recentSinceMs >= TRUSTED_MS);
}

/** It is told once, and not again for one that was just coming back. */
export const opened = (state: EndpointState, nowMs: number): Change => ({
  breaker: 'open',
  openedAtMs: nowMs,
  untold: state.breaker === undefined ? 1 : undefined,
  perSecond: undefined,
  probeAtMs: nowMs + FIRST_PROBE_MS,
  probeWaitMs: FIRST_PROBE_MS,
  dueMs: state.breaker === undefined ? nowMs : nowMs + FIRST_PROBE_MS,
});

/** The probe after one that was sent for `atMs`. */
export function nextProbe({ probeWaitMs = FIRST_PROBE_MS }: EndpointState, atMs: number): Change {
  const wait = Math.min(probeWaitMs * 2, LONGEST_PROBE_MS);
  return { probeWaitMs: wait, probeAtMs: atMs + wait, dueMs: atMs + wait };
}

/** Nothing waits for it any more. Failures are still counted: where nothing was left to probe with, the next one opens it. */
export const closed = (dueMs: number | undefined): Change => ({
  ...NO_PROBES,
  breaker: undefined,
  perSecond: undefined,
  dueMs,
});

export const drainRate = ({ perSecond = DRAIN.most }: EndpointState): number => perSecond;
export const nextDrain = (state: EndpointState, dueMs: number): Change => ({
  perSecond: Math.min(drainRate(state) * 2, DRAIN.most),
  dueMs,
});

/** Whether there has been nothing but failures for days, since it was last enabled. */
export const isGivenUp = ({ failingSinceMs }: EndpointState, enabledSinceMs: number, nowMs: number): boolean =>
  failingSinceMs !== undefined && nowMs - Math.max(failingSinceMs, enabledSinceMs) >= LASTING_FAILURE_MS;
