import { logger } from '../../shared/telemetry';
import type { DeliveryRecord } from '../records/delivery';
import { type AttemptMessage, messageOf } from '../records/message';
import { type Delivering, makeAttempt } from './make-attempt';
import { comesAgain } from './record';

/** A message as a queue hands it out. */
export interface Queued {
  /** The same each time that the queue hands it out. */
  readonly id: string;
  readonly body: string;
  /** How often it has been handed out, this time included. */
  readonly receives: number;
}

/** Makes all attempts at once. Gives back the ids of messages that a fault of ours has kept from their end: they come again. */
export async function deliver(deps: Delivering, queued: readonly Queued[]): Promise<readonly string[]> {
  const failed: string[] = [];
  await Promise.all(
    queued.map((each) =>
      handle(deps, each).catch((error: unknown) => {
        failed.push(each.id);
        logger.error('a delivery comes again', { error: error instanceof Error ? error : 'unknown failure' });
      }),
    ),
  );
  return failed;
}

async function handle(deps: Delivering, queued: Queued): Promise<void> {
  const message = messageOf(queued.body);
  // Nobody can have begun it: it costs no look at the log.
  const isFirstSight = message.number === 1 && queued.receives === 1 && !message.again && message.trigger === 'event';
  if (isFirstSight) return makeAttempt(deps, message, undefined);
  const begun = await begin(deps, queued, message);
  if (begun !== 'over') await makeAttempt(deps, message, begun);
}

/** Longer than any attempt: who has claimed and not ended by then is dead. */
const CLAIM_MS = 60_000;

/** The delivery whose next attempt this is; nothing for one that nobody has written yet; `over` where it was made already. */
async function begin(
  { log, lanes, nowMs }: Delivering,
  { id }: Queued,
  { organisation, endpoint, event, number }: AttemptMessage,
): Promise<DeliveryRecord | undefined | 'over'> {
  const now = nowMs();
  const claimed = await log.claim(organisation, endpoint, event, {
    by: id,
    number,
    nowMs: now,
    untilMs: now + CLAIM_MS,
  });
  if (claimed) return claimed;
  const found = await log.delivery(organisation, endpoint, event);
  if (!found && number === 1) return undefined;
  // Whoever made the attempt may have died before the message of the next one.
  if (found?.attempts === number) await comesAgain(lanes, found, now);
  return 'over';
}
