import { nextMessage } from '../delivering/record';
import { startAnew } from '../log/start-anew';
import { inTurns } from '../publishing/in-turns';
import type { DeliveryRecord } from '../records/delivery';
import { ABOUT, type JobRecord } from '../records/job';
import { type Lanes, outgoing } from '../stores/lanes';
import type { Log } from '../stores/log';

interface Sending {
  readonly log: Log;
  readonly lanes: Lanes;
  nowMs(): number;
}

/** Deliveries written at the same time. */
const AT_ONCE = 32;

/** How far a job has come with these deliveries sent, each in a slot of the job's rate. */
export async function sendPage(
  { log, lanes, nowMs }: Sending,
  job: JobRecord,
  deliveries: readonly DeliveryRecord[],
): Promise<JobRecord> {
  const now = nowMs();
  const wanted = deliveries.filter((delivery) => !isSentSince(delivery, job));
  const kept = wanted.filter(({ expiresAtSeconds }) => expiresAtSeconds * 1000 > now);
  const firstMs = Math.max(job.slotMs, now);
  const slotMs = (place: number) => firstMs + (place * 1000) / job.ratePerSecond;
  // Written first: what is among the due is sent by the sweep, should nobody live to send its message (log/start-anew.ts).
  const begun = await inTurns([...kept.entries()], AT_ONCE, async ([place, delivery]) => {
    const atMs = Math.round(slotMs(place));
    const anew = await startAnew(log, delivery, now, atMs);
    return anew && { anew, delaySeconds: (atMs - now) / 1000 };
  });
  const sent = begun.filter((each) => each !== undefined);
  const { trigger } = ABOUT[job.what];
  await lanes.retries(sent.map(({ anew, delaySeconds }) => outgoing(nextMessage(anew, trigger), delaySeconds)));
  return {
    ...job,
    found: job.found + deliveries.length,
    sent: job.sent + sent.length,
    skipped: job.skipped + deliveries.length - wanted.length + kept.length - sent.length,
    failed: job.failed + wanted.length - kept.length,
    slotMs: slotMs(kept.length),
  };
}

/** By this job, before it died with the page half done, or by somebody else: once is enough. What is held is not on its way. */
const isSentSince = ({ state, last }: DeliveryRecord, { createdAtMs }: JobRecord): boolean =>
  state !== 'held' && last !== undefined && last.startedAtMs >= createdAtMs;
