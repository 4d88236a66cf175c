import type { Attempt, DeliveryRecord } from '../records/delivery';
import type { AttemptMessage } from '../records/message';
import { type Lanes, outgoing } from '../stores/lanes';
import type { Log, Waiting } from '../stores/log';
import { deadAt, dueAt, parkedAt } from '../stores/waiting';
import { isGone, isSuccess, type Verdict } from './verdict';

/** The most that SQS lets a message wait; what waits longer stands in the index, where the sweep finds it. */
export const MOST_DELAY_MS = 900_000;

interface Ended {
  readonly message: AttemptMessage;
  /** As it was before; nothing before the first attempt. */
  readonly before: DeliveryRecord | undefined;
  readonly attempt: Attempt;
  readonly verdict: Verdict;
  readonly nowMs: number;
}

interface Recording {
  readonly log: Log;
  readonly lanes: Lanes;
  readonly tellExhausted: (delivery: DeliveryRecord) => Promise<void>;
}

/** Writes down how an attempt ended, then sees to the next one. A first attempt that succeeds is one write. */
export function record(deps: Recording, ended: Ended): Promise<unknown> {
  const { before, attempt, verdict } = ended;
  const after = deliveryAfter(ended);
  const isAll = !before && attempt.number === 1 && verdict.state === 'delivered';
  return isAll ? deps.log.putDelivery(after, undefined) : recordMore(deps, ended, after);
}

async function recordMore({ log, lanes, tellExhausted }: Recording, ended: Ended, after: DeliveryRecord) {
  const { before, attempt, verdict, nowMs } = ended;
  // The only attempt of a delivery stands in it; once there is another, all stand beside.
  if (before?.last && before.attempts === 1 && isSuccess(before.last)) await log.putAttempt(after, before.last);
  if (after.last && (attempt.number > 1 || verdict.state !== 'delivered')) await log.putAttempt(after, after.last);
  await log.putDelivery(after, waitingOf(after, nowMs));
  await comesAgain(lanes, after, nowMs);
  if (isExhausted(after)) await tellExhausted(after);
}

function deliveryAfter({ message, before, attempt, verdict }: Ended): DeliveryRecord {
  const isDelivered = verdict.state === 'delivered';
  const nextAtMs = verdict.state === 'retrying' ? verdict.atMs : undefined;
  const why = isDelivered ? undefined : verdict.why;
  return {
    organisation: message.organisation,
    endpoint: message.endpoint,
    event: message.event,
    type: message.type,
    state: verdict.state,
    attempts: message.number,
    tries: (before?.tries ?? 0) + (verdict.state === 'parked' ? 0 : 1),
    last: isDelivered ? attempt : { ...attempt, nextAtMs, why },
    nextAtMs,
    why,
    expiresAtSeconds: message.expiresAtSeconds,
  };
}

export function waitingOf(delivery: DeliveryRecord, nowMs: number): Waiting | undefined {
  const { organisation, endpoint, event, state, nextAtMs } = delivery;
  if (state === 'dead') return deadAt(organisation, endpoint, event);
  if (state === 'parked') return parkedAt(organisation, endpoint, event);
  if (state !== 'retrying' || nextAtMs === undefined || isNear(nextAtMs, nowMs)) return undefined;
  return dueAt(event, nextAtMs);
}

const isNear = (atMs: number, nowMs: number) => atMs - nowMs <= MOST_DELAY_MS;

/** Sends the message of the next attempt, where that is near. Sent twice, it is made once (deliver.ts). */
export async function comesAgain(lanes: Lanes, delivery: DeliveryRecord, nowMs: number): Promise<void> {
  const { state, nextAtMs } = delivery;
  if (state !== 'retrying' || nextAtMs === undefined || !isNear(nextAtMs, nowMs)) return;
  const delaySeconds = Math.max(0, Math.ceil((nextAtMs - nowMs) / 1000));
  const failed = await lanes.retries([outgoing(nextMessage(delivery, 'retry'), delaySeconds)]);
  if (failed.length > 0) throw new Error('the queue of retries did not take a message');
}

/** Whether it is dead because no attempt is left. */
export const isExhausted = ({ state, attempts, last }: DeliveryRecord): boolean =>
  state === 'dead' && attempts > 0 && !(last && isGone(last));

export const nextMessage = (delivery: DeliveryRecord, trigger: AttemptMessage['trigger']): AttemptMessage => ({
  organisation: delivery.organisation,
  endpoint: delivery.endpoint,
  event: delivery.event,
  number: delivery.attempts + 1,
  trigger,
  type: delivery.type,
  expiresAtSeconds: delivery.expiresAtSeconds,
});
