import * as z from 'zod/mini';
import { TypePattern } from '../registration/fields';
import type { DeliveryState, Trigger } from './delivery';
import { EndpointId } from './endpoint';
import { EventId, eventId, hashOf } from './event';

/** `redrive`: what is dead. `recover`: what is held, missed while the endpoint was not enabled. `replay`: what was delivered. */
export const WHATS = ['redrive', 'recover', 'replay'] as const;
type What = (typeof WHATS)[number];

/** Which deliveries each is about, and why their attempts are made. */
export const ABOUT = {
  redrive: { state: 'dead', trigger: 'replay' },
  recover: { state: 'held', trigger: 'recovery' },
  replay: { state: 'delivered', trigger: 'replay' },
} as const satisfies Record<What, { readonly state: DeliveryState; readonly trigger: Trigger }>;

export const JobId = z.string().check(z.regex(/^job_[0-9a-hjkmnp-tv-z]{36}$/));
export const JobState = z.enum(['queued', 'running', 'done', 'cancelled']);

/** Deliveries of one endpoint that are sent once more, many of them, a page at a time. */
export const JobRecord = z.object({
  id: JobId,
  organisation: z.uuid(),
  endpoint: EndpointId,
  what: z.enum(WHATS),
  types: z.optional(z.array(TypePattern)),
  /** By the time at which events were taken; `toMs` is not within. */
  fromMs: z.optional(z.int()),
  toMs: z.optional(z.int()),
  ratePerSecond: z.int(),
  state: JobState,
  /** What it waits for, or why it ended before its end. */
  why: z.optional(z.string()),
  /** Deliveries that it is about, as far as it has come: those on their way again, left alone, and with nothing left to send. */
  found: z.int(),
  sent: z.int(),
  skipped: z.int(),
  failed: z.int(),
  /** The last event of the pages that are done: it goes on after it. */
  after: z.optional(EventId),
  /** When its rate allows the next delivery. */
  slotMs: z.number(),
  /** When the sweep is to see to it. */
  dueMs: z.int(),
  createdAtMs: z.int(),
  startedAtMs: z.optional(z.int()),
  endedAtMs: z.optional(z.int()),
  version: z.int(),
  expiresAtSeconds: z.int(),
});
export type JobRecord = z.output<typeof JobRecord>;

export const isOver = ({ state }: Pick<JobRecord, 'state'>): boolean => state === 'done' || state === 'cancelled';

/** Ids sort by the time at which jobs were made. */
export const newJobId = (organisation: string, atMs: number): string =>
  eventId(atMs, hashOf(organisation, undefined)).replace('evt_', 'job_');
