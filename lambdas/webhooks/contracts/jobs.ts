import * as z from 'zod/mini';
import { PageQuery, pageOf } from '../../shared/http/page';
import { type Contract, json } from '../../shared/http/route';
import { EndpointId } from '../records/endpoint';
import { JobId, JobState, WHATS } from '../records/job';
import { TypePattern } from '../registration/fields';

export const RATE_PER_SECOND = { default: 100, most: 1_000 };

const Moment = z.iso.datetime({ offset: true });
const Types = z.array(TypePattern).check(z.minLength(1), z.maxLength(100));

const NewJob = z.strictObject({
  /** `redrive`: what is dead; `recover`: what is held, missed while the endpoint was not enabled; `replay`: what was delivered. */
  what: z.enum(WHATS),
  /** As endpoints subscribe: `invoice.paid`, `invoice.*`. @default all */
  types: z.optional(Types),
  /** By the time at which events were taken: from this on. A replay must say it. */
  from: z.optional(Moment),
  /** Before this. @default for a replay or redrive, the time at which the job is made */
  to: z.optional(Moment),
  /** Beside the endpoint's own rate, which holds in any case. @default 100 */
  ratePerSecond: z.optional(z.int().check(z.gte(1), z.lte(RATE_PER_SECOND.most))),
});
export type NewJob = z.output<typeof NewJob>;

const time = z.nullable(z.string());

export const Job = z.object({
  id: JobId,
  endpoint: EndpointId,
  what: z.enum(WHATS),
  types: z.nullable(z.array(z.string())),
  from: time,
  to: time,
  ratePerSecond: z.int(),
  state: JobState,
  /** What it waits for, or why it ended before its end. */
  why: z.nullable(z.string()),
  progress: z.object({
    /** Deliveries that it is about, as far as it has come. */
    found: z.int(),
    /** On their way again. */
    sent: z.int(),
    /** Left alone: an attempt has ended, or begun, since the job was made. */
    skipped: z.int(),
    /** Their events are not kept any more. */
    failed: z.int(),
  }),
  createdAt: z.string(),
  startedAt: time,
  endedAt: time,
});
export type Job = z.output<typeof Job>;

const since = '0.5.0';
const auth = 'any';
const one = z.strictObject({ job: JobId });

export const jobRoutes = {
  createJob: {
    method: 'POST',
    path: '/v1/webhooks/endpoints/{id}/jobs',
    summary: 'Send many deliveries of an endpoint again: what is dead, what it missed, or what was delivered',
    auth,
    permission: 'webhooks:write',
    resource: { type: 'webhook', param: 'id' },
    params: z.strictObject({ id: EndpointId }),
    idempotent: true,
    body: json(NewJob),
    reply: { status: 202, body: Job },
    errors: ['not_found', 'conflict'],
    example: { body: { what: 'redrive', types: ['invoice.*'], from: '2030-01-01T00:00:00Z' } },
    since,
  },
  listJobs: {
    method: 'GET',
    path: '/v1/webhooks/jobs',
    summary: 'The jobs of your organisation, the newest first',
    auth,
    permission: 'webhooks:read',
    query: z.strictObject(PageQuery),
    reply: { status: 200, body: pageOf(Job) },
    since,
  },
  getJob: {
    method: 'GET',
    path: '/v1/webhooks/jobs/{job}',
    summary: 'One job, and how far it has come',
    auth,
    permission: 'webhooks:read',
    params: one,
    reply: { status: 200, body: Job },
    errors: ['not_found'],
    since,
  },
  cancelJob: {
    method: 'POST',
    path: '/v1/webhooks/jobs/{job}/cancel',
    summary: 'End a job before its end; what is on its way already goes on',
    auth,
    permission: 'webhooks:write',
    params: one,
    body: json(z.strictObject({})),
    reply: { status: 200, body: Job },
    errors: ['not_found', 'conflict'],
    example: { body: {} },
    since,
  },
} as const satisfies Contract;
