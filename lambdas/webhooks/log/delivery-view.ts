import type { Delivery } from '../contracts/deliveries';
import type { Attempt, DeliveryRecord } from '../records/delivery';
import { timeIn } from '../records/event';

const time = (ms: number) => new Date(ms).toISOString();
const timeOrNull = (ms: number | undefined) => (ms === undefined ? null : time(ms));

export const deliveryView = (delivery: DeliveryRecord): Delivery => ({
  event: delivery.event,
  endpoint: delivery.endpoint,
  type: delivery.type,
  state: delivery.state,
  attempts: delivery.attempts,
  eventAt: time(timeIn(delivery.event)),
  nextAttemptAt: timeOrNull(delivery.nextAtMs),
  why: delivery.why ?? null,
  lastStatus: delivery.last?.status ?? null,
  lastError: delivery.last?.error?.class ?? null,
});

export function attemptView({ startedAtMs, nextAtMs, ...attempt }: Attempt) {
  return { ...attempt, startedAt: time(startedAtMs), nextAttemptAt: timeOrNull(nextAtMs) };
}
