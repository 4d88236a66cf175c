import { logger } from '../../shared/telemetry';
import { timeIn } from '../records/event';
import { type AttemptMessage, messageOf } from '../records/message';
import { gathered } from './batches';
import { type Begun, type Delivering, makeAttempts } from './make-attempts';
import { comesAgain, isExhausted } from './record';

/** A message as a queue hands it out. */
export interface Queued {
  /** The same each time that the queue hands it out. */
  readonly id: string;
  readonly body: string;
  /** How often it has been handed out, this time included. */
  readonly receives: number;
}

interface Given {
  readonly queued: Queued;
  readonly message: AttemptMessage;
}

/** Makes all attempts at once. Gives back the ids of messages that a fault of ours has kept from their end: they come again. */
export async function deliver(deps: Delivering, queued: readonly Queued[]): Promise<readonly string[]> {
  const failed: string[] = [];
  const fail = (those: readonly Queued[], error: unknown) => {
    failed.push(...those.map(({ id }) => id));
    logger.error('deliveries come again', { error: error instanceof Error ? error : 'unknown failure' });
  };
  const groups = await gathered(deps.endpointOf, given(queued, fail));
  const handled = async (group: readonly Given[]) => {
    try {
      await handle(deps, group);
    } catch (error) {
      fail(
        group.map((each) => each.queued),
        error,
      );
    }
  };
  await Promise.all(groups.map(handled));
  return failed;
}

function given(all: readonly Queued[], fail: (those: readonly Queued[], error: unknown) => void): readonly Given[] {
  const read: Given[] = [];
  for (const queued of all)
    try {
      read.push({ queued, message: messageOf(queued.body) });
    } catch (error) {
      fail([queued], error);
    }
  return read;
}

/** Done again for some of a group, it is done for those alone that have not come to their end. */
function handle(deps: Delivering, group: readonly Given[]): Promise<unknown> {
  const now = deps.nowMs();
  // Nobody can have begun them: they cost no look at the log.
  if (group.every(({ queued, message }) => isFirstSight(queued, message, now)))
    return makeAttempts(
      deps,
      group.map(({ message }) => ({ message, before: undefined, claimedBy: undefined })),
    );
  return handleAgain(deps, group);
}

async function handleAgain(deps: Delivering, group: readonly Given[]): Promise<void> {
  const begun = await Promise.all(group.map((each) => begin(deps, each)));
  await makeAttempts(
    deps,
    begun.filter((each) => each !== undefined),
  );
}

/** Long before a message leaves for the dead-letter queue: what is brought back from there counts as handed out for the first time. */
const FRESH_MS = 3_600_000;

const isFirstSight = ({ receives }: Queued, message: AttemptMessage, nowMs: number): boolean => {
  const { number, again, trigger, event } = message;
  return number === 1 && receives === 1 && !again && trigger === 'event' && nowMs - timeIn(event) < FRESH_MS;
};

/** Longer than any attempt: who has claimed and not ended by then is dead. */
const CLAIM_MS = 60_000;

/** The attempt, if it is still to be made. */
async function begin(deps: Delivering, { queued, message: queuedMessage }: Given): Promise<Begun | undefined> {
  const now = deps.nowMs();
  if (isFirstSight(queued, queuedMessage, now))
    return { message: queuedMessage, before: undefined, claimedBy: undefined };
  const { log, lanes } = deps;
  const by = queued.id;
  const message = { ...queuedMessage, again: true };
  const { organisation, endpoint, event, number } = message;
  const claim = { by, number, nowMs: now, untilMs: now + CLAIM_MS };
  const before = await log.claim(organisation, endpoint, event, claim);
  if (before) return { message, before, claimedBy: by };
  const found = await log.delivery(organisation, endpoint, event);
  if (!found && number === 1) return { message, before: undefined, claimedBy: undefined };
  if (found?.attempts !== number) return undefined;
  // Whoever made the attempt may have died before what comes after it.
  await comesAgain(lanes, found, now);
  if (isExhausted(found)) await deps.tellExhausted(found);
  return undefined;
}
