import type { DeliveryRecord, DeliveryState } from '../records/delivery';
import { type Lanes, outgoing } from '../stores/lanes';
import type { Log } from '../stores/log';
import { dueAt, heldAt, parkedAt } from '../stores/waiting';
import type { Passage } from './gatekeeper';
import type { Begun } from './make-attempt';
import { MOST_DELAY_MS } from './record';

interface PuttingOff {
  readonly log: Log;
  readonly lanes: Lanes;
  nowMs(): number;
}

/** Sees to it that an attempt which may not be made now is made later. */
export async function turnAway(
  { log, lanes, nowMs }: PuttingOff,
  begun: Begun,
  passage: Exclude<Passage, { go: 'now' }>,
): Promise<void> {
  if (passage.go === 'parked') return putAside(log, begun, 'parked');
  const waitMs = passage.go === 'later' ? passage.atMs - nowMs() : 0;
  if (passage.go === 'later' && waitMs > MOST_DELAY_MS) return waitForSlot(log, begun, passage.slotMs);
  const { message, claimedBy } = begun;
  const { organisation, endpoint, event } = message;
  // Before its next message is there, which is another one.
  if (claimedBy !== undefined) await log.release(organisation, endpoint, event, claimedBy);
  const next = passage.go === 'later' ? { ...message, slotMs: passage.slotMs } : { ...message, isMoved: true };
  const failed = await lanes.retries([outgoing(next, Math.max(0, Math.floor(waitMs / 1000)))]);
  if (failed.length > 0) throw new Error('the queue of retries did not take a message');
}

const PLACES = { held: heldAt, parked: parkedAt, cancelled: undefined };

/** Writes a delivery that makes no attempt now: it waits for its endpoint, or for nothing any more. */
export async function putAside(
  log: Log,
  begun: Begun,
  state: DeliveryState & keyof typeof PLACES,
  why?: string,
): Promise<void> {
  const { organisation, endpoint, event } = begun.message;
  const delivery = { ...deliveryOf(begun), state, nextAtMs: undefined, slot: undefined, why };
  await log.putDelivery(delivery, PLACES[state]?.(organisation, endpoint, event));
}

/** Longer than a queue lets a message wait: the sweep sends it in time. */
async function waitForSlot(log: Log, begun: Begun, slotMs: number): Promise<void> {
  const { number, trigger, event } = begun.message;
  const slot = { atMs: slotMs, trigger };
  const why = "it waits for its turn by the endpoint's rate";
  const state = number === 1 ? 'pending' : 'retrying';
  await log.putDelivery({ ...deliveryOf(begun), state, nextAtMs: slotMs, slot, why }, dueAt(event, slotMs));
}

function deliveryOf({ message, before }: Begun): Omit<DeliveryRecord, 'state'> {
  const { organisation, endpoint, event, type, number, expiresAtSeconds } = message;
  return before ?? { organisation, endpoint, event, type, attempts: number - 1, tries: 0, expiresAtSeconds };
}
