import { logger } from '../../shared/telemetry';
import { type AttemptMessage, messageOf } from '../records/message';
import { type Begun, type Delivering, makeAttempt } from './make-attempt';
import { comesAgain, isExhausted } from './record';

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
  if (isFirstSight) return makeAttempt(deps, { message, before: undefined });
  const begun = await begin(deps, queued, { ...message, again: true });
  if (begun) await makeAttempt(deps, begun);
}

/** Longer than any attempt: who has claimed and not ended by then is dead. */
const CLAIM_MS = 60_000;

/** The attempt, if it is still to be made. */
async function begin(deps: Delivering, { id: by }: Queued, message: AttemptMessage): Promise<Begun | undefined> {
  const { log, lanes } = deps;
  const { organisation, endpoint, event, number } = message;
  const now = deps.nowMs();
  const claim = { by, number, nowMs: now, untilMs: now + CLAIM_MS };
  const before = await log.claim(organisation, endpoint, event, claim);
  if (before) return { message, before, claimedBy: by };
  const found = await log.delivery(organisation, endpoint, event);
  if (!found && number === 1) return { message, before: undefined };
  if (found?.attempts !== number) return undefined;
  // Whoever made the attempt may have died before what comes after it.
  await comesAgain(lanes, found, now);
  if (isExhausted(found)) await deps.tellExhausted(found);
  return undefined;
}
