import type { Outcome } from '../post/outcome';
import type { EndpointRecord } from '../records/endpoint';
import type { Change, EndpointState } from '../records/endpoint-state';

/** Too many requests; bad gateway and gateway timeout: what stands before the endpoint does not keep up. */
const OVERLOADED: readonly unknown[] = [429, 502, 504];
/** These may say when to come again. */
const PAUSING: readonly unknown[] = [429, 502, 503, 504];

const PACE = { firstMs: 100, mostMs: 30_000 };
/** Requests under way when it was slowed down say nothing about the new pace. */
const SLOWED_EVERY_MS = 1_000;
const RECOVERS_EVERY_MS = 10_000;
const LONGEST_PAUSE_MS = 86_400_000;

export const isOverloaded = ({ status }: Outcome): boolean => OVERLOADED.includes(status);

/** Milliseconds from one attempt to the next; nothing where they are free to go. */
export function apartMs(
  { ratePerSecond }: EndpointRecord,
  { paceMs = 0, pausedUntilMs = 0 }: EndpointState,
  nowMs: number,
) {
  const isPaused = pausedUntilMs > nowMs;
  const apart = Math.max(ratePerSecond === undefined ? 0 : 1000 / ratePerSecond, paceMs, isPaused ? PACE.firstMs : 0);
  return apart > 0 ? apart : undefined;
}

/** Half as fast after an answer of overload; and no attempt before the time that it asks for. */
export function slowed(
  endpoint: EndpointRecord,
  state: EndpointState,
  outcome: Outcome,
  nowMs: number,
): Change | undefined {
  const pauseMs = PAUSING.includes(outcome.status) ? (outcome.retryAfterSeconds ?? 0) * 1000 : 0;
  const untilMs = nowMs + Math.min(pauseMs, LONGEST_PAUSE_MS);
  const isPaused = untilMs > Math.max(state.pausedUntilMs ?? 0, nowMs);
  const isSlowed = isOverloaded(outcome) && nowMs - (state.pacedAtMs ?? 0) >= SLOWED_EVERY_MS;
  if (!isPaused && !isSlowed) return undefined;
  const twice = 2 * (apartMs(endpoint, state, nowMs) ?? 0);
  const paceMs = Math.min(Math.max(twice, PACE.firstMs), PACE.mostMs);
  return { ...(isSlowed && { paceMs, pacedAtMs: nowMs }), ...(isPaused && { pausedUntilMs: untilMs }) };
}

/** Twice as fast, now and then, while attempts succeed; at last as fast as it may. */
export function recovered({ paceMs, pacedAtMs = 0 }: EndpointState, nowMs: number): Change | undefined {
  if (paceMs === undefined || nowMs - pacedAtMs < RECOVERS_EVERY_MS) return undefined;
  if (paceMs <= PACE.firstMs) return { paceMs: undefined, pacedAtMs: undefined, pausedUntilMs: undefined };
  return { paceMs: paceMs / 2, pacedAtMs: nowMs };
}
