import { isOver, type JobRecord } from '../records/job';
import type { Endpoints } from '../stores/endpoints';
import { JOBS, type Jobs } from '../stores/jobs';
import type { Lanes } from '../stores/lanes';
import type { Log } from '../stores/log';
import type { Table } from '../stores/table';
import type { SeeTo } from '../sweeping/due';
import { nextPage } from './pages';
import { sendPage } from './send-page';

export interface JobSteps {
  readonly jobs: Jobs;
  readonly endpoints: Endpoints;
  readonly log: Log;
  /** The table of the log. */
  readonly table: Table;
  readonly lanes: Lanes;
  nowMs(): number;
}

const MOST_OF_PAGE = 100;
/** Messages are sent before their slots, with a delay: nobody has to wait for the next slot. */
const AHEAD_MS = 120_000;
/** So long before its last slot is over, so that the sweep of the next minute finds it due. */
const COMES_AGAIN_MS = 75_000;
/** When somebody else goes on with a job whose step has died. */
const GIVEN_UP_MS = 30_000;
const LOOKS_AGAIN_MS = 300_000;

/** Does as much of a job as may be done before `untilMs`. A page that is done twice sends nothing twice. */
export const jobStep =
  (deps: JobSteps, untilMs: number): SeeTo =>
  async ({ pk, sk }) => {
    const job = await deps.jobs.get(pk.slice(JOBS.length), sk);
    const now = deps.nowMs();
    // The index may be a moment behind.
    if (!job || isOver(job) || job.dueMs > now) return;
    const obstacle = await obstacleOf(deps, job, now);
    const taken = await deps.jobs.put(obstacle ?? begun(job, now, untilMs));
    if (taken && !obstacle) await work(deps, taken, untilMs);
  };

/** As long as somebody works on it, the sweep finds it not due. */
const begun = (job: JobRecord, now: number, untilMs: number): JobRecord => ({
  ...job,
  state: 'running',
  why: undefined,
  startedAtMs: job.startedAtMs ?? now,
  dueMs: untilMs + GIVEN_UP_MS,
});

/** The job as it is to be where its endpoint takes nothing: it waits for it, or ends. */
async function obstacleOf({ endpoints }: JobSteps, job: JobRecord, now: number): Promise<JobRecord | undefined> {
  const endpoint = await endpoints.get(job.organisation, job.endpoint);
  if (!endpoint) return { ...job, state: 'cancelled', why: 'its endpoint was deleted', endedAtMs: now };
  if (endpoint.state === 'enabled') return undefined;
  return { ...job, why: `its endpoint is ${endpoint.state}`, dueMs: now + LOOKS_AGAIN_MS };
}

async function work(deps: JobSteps, taken: JobRecord, untilMs: number): Promise<void> {
  let job: JobRecord | undefined = taken;
  for (let now = deps.nowMs(); job && now < untilMs; now = deps.nowMs()) {
    const limit = allowed(job, now);
    if (limit === 0) break;
    const { deliveries, last } = await nextPage(deps.table, job, limit);
    const sent = await sendPage(deps, job, deliveries);
    // Nothing comes back where somebody has cancelled it meanwhile.
    job = await deps.jobs.put(
      last === undefined ? { ...sent, state: 'done', endedAtMs: deps.nowMs() } : { ...sent, after: last },
    );
    if (last === undefined) return;
  }
  if (job) await deps.jobs.put({ ...job, dueMs: Math.round(Math.max(deps.nowMs(), job.slotMs - COMES_AGAIN_MS)) });
}

/** How many deliveries have slots within what may be sent ahead. */
function allowed({ slotMs, ratePerSecond }: JobRecord, now: number): number {
  const aheadMs = now + AHEAD_MS - Math.max(slotMs, now);
  return Math.min(MOST_OF_PAGE, Math.max(0, Math.floor((aheadMs / 1000) * ratePerSecond)));
}
