import { BoundedMap } from '../../shared/bounded-map';
import type { Outcome } from '../post/outcome';
import type { Change, EndpointState } from '../records/endpoint-state';

/** An endpoint is slow whose attempts take so long on average. */
const SLOW_MS = 3_000;
/** Of the newest attempt in the moving average. */
const WEIGHT = 0.3;
const REMAINS_SLOW_MS = 300_000;
const MOST_ENDPOINTS = 5_000;

/** Watches how long endpoints take, in this environment alone; that one is slow is then told to all. */
export function slowness() {
  const averages = new BoundedMap<string, number>(MOST_ENDPOINTS);
  return (
    id: string,
    { slowUntilMs = 0 }: EndpointState,
    { times, error }: Outcome,
    nowMs: number,
  ): Change | undefined => {
    const tookMs = error?.class === 'timeout' ? Math.max(times.totalMs, SLOW_MS / WEIGHT) : times.totalMs;
    const before = averages.get(id) ?? 0;
    const average = before + WEIGHT * (tookMs - before);
    averages.set(id, average);
    // Told again only when half of the time is over.
    const isNews = average >= SLOW_MS && slowUntilMs - nowMs < REMAINS_SLOW_MS / 2;
    return isNews ? { slowUntilMs: nowMs + REMAINS_SLOW_MS } : undefined;
  };
}
