import * as z from 'zod/mini';

/**
 * `pending`: on its way. `retrying`: failed, and comes again. `parked`: waits for an endpoint that fails. `held`: its endpoint
 * is disabled or paused. `dead`: all attempts failed. `cancelled`: nobody may have it any more (its endpoint was deleted).
 */
export const STATES = ['pending', 'delivered', 'retrying', 'parked', 'held', 'dead', 'cancelled'] as const;
export const DeliveryState = z.enum(STATES);
export type DeliveryState = z.output<typeof DeliveryState>;

/** Why an attempt was made. */
export const TRIGGERS = ['event', 'retry', 'replay', 'recovery', 'probe', 'drain', 'test'] as const;
export const Trigger = z.enum(TRIGGERS);
export type Trigger = z.output<typeof Trigger>;

const Times = z.object({
  dnsMs: z.optional(z.number()),
  connectMs: z.optional(z.number()),
  tlsMs: z.optional(z.number()),
  firstByteMs: z.optional(z.number()),
  totalMs: z.number(),
});

/** One POST to an endpoint and how it ended. */
export const Attempt = z.object({
  number: z.int(),
  trigger: Trigger,
  /** In milliseconds since 1970. */
  startedAtMs: z.int(),
  times: Times,
  /** The address that was connected to. */
  address: z.optional(z.string()),
  /** The ids of the keys that it was signed with. */
  keys: z.array(z.string()),
  status: z.optional(z.int()),
  headers: z.optional(z.record(z.string(), z.string())),
  /** The first 16 KiB of the answer. */
  body: z.optional(z.string()),
  /** How long the answer was, as far as it was read. */
  bodyBytes: z.int(),
  error: z.optional(z.object({ class: z.string(), detail: z.string() })),
  /** When the next attempt is due, and why then, or why there is none. */
  nextAtMs: z.optional(z.int()),
  why: z.optional(z.string()),
});
export type Attempt = z.output<typeof Attempt>;

/** What is known of one event's way to one endpoint. */
export const DeliveryRecord = z.object({
  organisation: z.uuid(),
  endpoint: z.string(),
  event: z.string(),
  type: z.string(),
  state: DeliveryState,
  /** How many attempts have ended. */
  attempts: z.int(),
  /** How many of those since it last began anew: the place in the schedule of retries. */
  tries: z.int(),
  /** The last attempt, whole where it is the only one (the others stand beside). */
  last: z.optional(Attempt),
  nextAtMs: z.optional(z.int()),
  why: z.optional(z.string()),
  /** The next attempt has a slot of the endpoint's rate, too far away for a queue. */
  slot: z.optional(z.object({ atMs: z.int(), trigger: Trigger })),
  expiresAtSeconds: z.int(),
});
export type DeliveryRecord = z.output<typeof DeliveryRecord>;
