import { refuse } from '../../shared/errors';
import { type Job, type NewJob, RATE_PER_SECOND } from '../contracts/jobs';
import { DAY_SECONDS, webhookPlan } from '../plans';
import type { EndpointRecord } from '../records/endpoint';
import { type JobRecord, newJobId } from '../records/job';
import { wrong } from '../registration/endpoint-fields';

/** Until everybody has heard that an endpoint is enabled, deliveries may still be held (routing-of.ts, known-endpoints.ts). */
const HEARD_MS = 15_000;

export function newJob(
  { organisation, id: endpoint, stateSinceMs }: EndpointRecord,
  { what, types, from, to, ratePerSecond = RATE_PER_SECOND.default }: NewJob,
  plan: string,
  now: number,
): JobRecord {
  if (what === 'replay' && from === undefined) wrong('from', 'is missing: a replay says from when on');
  const fromMs = from === undefined ? undefined : Date.parse(from);
  // What it sends itself, and what happens meanwhile, is none of its business; what is held is, however late it was.
  const toMs = to === undefined ? (what === 'recover' ? undefined : now) : Date.parse(to);
  if (fromMs !== undefined && toMs !== undefined && fromMs >= toMs)
    refuse('bad_request', 'body: from must be before to');
  return {
    id: newJobId(organisation, now),
    organisation,
    endpoint,
    what,
    types,
    fromMs,
    toMs,
    ratePerSecond,
    state: 'queued',
    found: 0,
    sent: 0,
    skipped: 0,
    failed: 0,
    slotMs: now,
    dueMs: what === 'recover' ? Math.max(now, stateSinceMs + HEARD_MS) : now,
    createdAtMs: now,
    version: 0,
    expiresAtSeconds: Math.floor(now / 1000) + webhookPlan(plan).retentionDays * DAY_SECONDS,
  };
}

const time = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString());

export function jobView(job: JobRecord): Job {
  const { id, endpoint, what, types, ratePerSecond, state, why, found, sent, skipped, failed } = job;
  return {
    id,
    endpoint,
    what,
    types: types ?? null,
    from: time(job.fromMs),
    to: time(job.toMs),
    ratePerSecond,
    state,
    why: why ?? null,
    progress: { found, sent, skipped, failed },
    createdAt: new Date(job.createdAtMs).toISOString(),
    startedAt: time(job.startedAtMs),
    endedAt: time(job.endedAtMs),
  };
}
