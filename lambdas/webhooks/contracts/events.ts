import * as z from 'zod/mini';
import { type Contract, json } from '../../shared/http/route';
import { OwnTypeName } from '../event-types/type-name';
import { DeliveryState } from '../records/delivery';
import { EventId } from '../records/event';
import { Channel } from '../registration/fields';

export const MOST_EVENTS = 500;
/** What one event may hold, as JSON. */
export const MOST_EVENT_BYTES = 256 * 1024;
/** Lambda takes 6 MB for an event of the gateway's, in which each quote of a body is two bytes. */
const MOST_BODY_BYTES = 3_000_000;

/** An event as its publisher says it. */
export const NewEvent = z.strictObject({
  type: OwnTypeName,
  /** The version of the type that `data` is of. @default the newest; 1 of a type that is in no catalogue */
  version: z.optional(z.int().check(z.gte(1))),
  data: z.record(z.string(), z.unknown()),
  /** Only endpoints of this channel, and those without one, get it. */
  channel: z.optional(Channel),
  /** When it happened. @default now */
  timestamp: z.optional(z.iso.datetime({ offset: true })),
  /** The publisher's own id: the same id is the same event. */
  id: z.optional(z.string().check(z.regex(/^[\x21-\x7e]{1,255}$/))),
});
export type NewEvent = z.output<typeof NewEvent>;

/** Each is looked at by itself: a wrong one among many is answered as such, and the others are taken. */
const Events = z.array(z.unknown()).check(z.minLength(1), z.maxLength(MOST_EVENTS));

const Publication = z.strictObject({
  ...z.partial(NewEvent).shape,
  events: z.optional(Events),
  /** For whom: an operator publishes for any organisation. */
  organisation: z.optional(z.uuid()),
});

const Result = z.object({
  /** 202: taken, now or before; 400: not valid; 409: the id was used for another event; 503: try again. */
  status: z.int(),
  id: z.optional(z.string()),
  repeated: z.optional(z.boolean()),
  /** To how many endpoints it goes. */
  deliveries: z.optional(z.int()),
  /** What does not fit the schema of a type that is observed only. */
  warnings: z.optional(z.array(z.string())),
  detail: z.optional(z.string()),
});
export type Result = z.output<typeof Result>;

const ShownEvent = z.object({
  id: EventId,
  type: z.string(),
  version: z.int(),
  channel: z.nullable(z.string()),
  receivedAt: z.string(),
  /** What endpoints are sent. */
  payload: z.unknown(),
  expiresAt: z.string(),
});
const EventDelivery = z.object({
  endpoint: z.string(),
  state: DeliveryState,
  attempts: z.int(),
  nextAttemptAt: z.nullable(z.string()),
  why: z.nullable(z.string()),
});

const since = '0.5.0';
const params = z.strictObject({ event: EventId });

export const eventRoutes = {
  publishEvents: {
    method: 'POST',
    path: '/v1/events',
    summary: 'Publish an event, or up to 500 (`events`): what is answered with 202 is stored and on its way',
    auth: 'any',
    permission: 'events:publish',
    idempotent: true,
    body: json(Publication, MOST_BODY_BYTES),
    reply: { status: 202, body: z.object({ items: z.array(Result) }) },
    errors: ['conflict'],
    example: { body: { type: 'invoice.paid', data: { id: 'inv_1', amount: 1200 } } },
    since,
  },
  getEvent: {
    method: 'GET',
    path: '/v1/events/{event}',
    summary: 'One event, as endpoints are sent it',
    auth: 'any',
    permission: 'webhooks:read',
    params,
    reply: { status: 200, body: ShownEvent },
    errors: ['not_found'],
    since,
  },
  listEventDeliveries: {
    method: 'GET',
    path: '/v1/events/{event}/deliveries',
    summary: 'How far an event has come with each endpoint',
    auth: 'any',
    permission: 'webhooks:read',
    params,
    reply: { status: 200, body: z.object({ items: z.array(EventDelivery) }) },
    errors: ['not_found'],
    since,
  },
} as const satisfies Contract;
