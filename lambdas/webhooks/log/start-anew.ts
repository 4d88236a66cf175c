import type { DeliveryRecord } from '../records/delivery';
import type { Log } from '../stores/log';
import { dueAt } from '../stores/waiting';

/** When the sweep looks after a delivery whose message was never sent: whoever wrote it has died by then. */
const LOOKED_AFTER_MS = 120_000;

/**
 * Lets a delivery begin anew: the whole schedule of retries is before it. Until the attempt is claimed it stands among what
 * is due, so that it is not lost with a message that is never sent. Nothing where an attempt has ended or begun meanwhile.
 */
export async function startAnew(
  log: Log,
  delivery: DeliveryRecord,
  nowMs: number,
  /** When its message is to be made an attempt of. */
  atMs = nowMs,
): Promise<DeliveryRecord | undefined> {
  const anew: DeliveryRecord = { ...delivery, state: 'retrying', tries: 0, nextAtMs: atMs, why: undefined };
  const isWritten = await log.restart(anew, dueAt(anew.event, atMs + LOOKED_AFTER_MS), nowMs);
  return isWritten ? anew : undefined;
}
