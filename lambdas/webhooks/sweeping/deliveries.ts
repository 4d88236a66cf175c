import { nextMessage } from '../delivering/record';
import type { DeliveryRecord } from '../records/delivery';
import type { AttemptMessage } from '../records/message';
import { type Lanes, outgoing } from '../stores/lanes';
import { endpointIn, type Log } from '../stores/log';
import { dueWhen } from '../stores/waiting';
import type { SeeTo } from './due';

interface Deps {
  readonly log: Log;
  readonly lanes: Lanes;
  nowMs(): number;
}

/** Sends the message of an attempt that was further away than a queue lets messages wait. Only then it is not due any more. */
export const seeToDelivery =
  ({ log, lanes, nowMs }: Deps): SeeTo =>
  async ({ pk, sk, at }) => {
    const { organisation, id } = endpointIn(pk);
    const delivery = await log.delivery(organisation, id, sk);
    if (!delivery) return;
    if (delivery.nextAtMs !== undefined) await sendNext(lanes, delivery, delivery.nextAtMs - nowMs());
    await log.leave(delivery, dueWhen(sk, at));
  };

async function sendNext(lanes: Lanes, delivery: DeliveryRecord, waitMs: number): Promise<void> {
  // A slot is waited for to the millisecond, by whoever is handed the message before it.
  const seconds = delivery.slot ? Math.floor(waitMs / 1000) - 1 : Math.ceil(waitMs / 1000);
  const delaySeconds = Math.max(0, seconds);
  const failed = await lanes.retries([outgoing(messageOf(delivery), delaySeconds)]);
  if (failed.length > 0) throw new Error('the queue of retries did not take a message');
}

/** One that has a slot is handed out in time to wait for it. */
const messageOf = (delivery: DeliveryRecord): AttemptMessage =>
  delivery.slot
    ? { ...nextMessage(delivery, delivery.slot.trigger), slotMs: delivery.slot.atMs, again: true }
    : nextMessage(delivery, 'retry');
