import type { DeliveryRecord, DeliveryState } from '../records/delivery';
import type { EndpointRecord } from '../records/endpoint';
import { type Lanes, outgoing } from '../stores/lanes';
import type { Log } from '../stores/log';
import { dueAt, heldAt, parkedAt } from '../stores/waiting';
import { forAll } from './for-all';
import type { Passage } from './gatekeeper';
import type { Begun } from './make-attempts';
import { MOST_DELAY_MS } from './record';

interface PuttingOff {
  readonly log: Log;
  readonly lanes: Lanes;
  nowMs(): number;
}

/** Sees to it that attempts which may not be made now are made later. */
export async function turnAway(
  deps: PuttingOff,
  all: readonly Begun[],
  passage: Exclude<Passage, { go: 'now' }>,
  { batch }: EndpointRecord,
): Promise<void> {
  const { log, lanes, nowMs } = deps;
  if (passage.go === 'parked') return void (await forAll(all, (begun) => putAside(log, begun, 'parked')));
  const waitMs = passage.go === 'later' ? passage.atMs - nowMs() : 0;
  if (passage.go === 'later' && waitMs > MOST_DELAY_MS)
    return void (await forAll(all, (begun) => waitForSlot(log, begun, passage.slotMs)));
  // Before its next message is there, which is another one.
  await forAll(all, (begun) => release(log, begun));
  const next = passage.go === 'later' ? { slotMs: passage.slotMs } : { isMoved: true };
  const delaySeconds = Math.max(0, Math.floor(waitMs / 1000));
  const messages = all.map(({ message }) => outgoing({ ...message, ...next }, delaySeconds));
  // Where they are gathered again.
  const isBatch = batch !== undefined && all[0]?.message.trigger === 'event';
  const failed = await lanes[isBatch ? 'bulk' : 'retries'](messages);
  if (failed.length > 0) throw new Error('a queue did not take messages of attempts to be made later');
}

async function release(log: Log, { message: { organisation, endpoint, event }, claimedBy }: Begun): Promise<void> {
  if (claimedBy !== undefined) await log.release(organisation, endpoint, event, claimedBy);
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
