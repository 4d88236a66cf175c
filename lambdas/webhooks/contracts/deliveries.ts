import * as z from 'zod/mini';
import { PageQuery, pageOf } from '../../shared/http/page';
import type { Contract } from '../../shared/http/route';
import { json } from '../../shared/http/route';
import { Attempt, DeliveryState } from '../records/delivery';
import { EndpointId } from '../records/endpoint';
import { EventId } from '../records/event';

const Moment = z.iso.datetime({ offset: true });
const text = z.nullable(z.string());

export const Delivery = z.object({
  event: EventId,
  endpoint: EndpointId,
  type: z.string(),
  state: DeliveryState,
  attempts: z.int(),
  /** When the event was taken. */
  eventAt: z.string(),
  nextAttemptAt: text,
  /** Why it is as it is, or what it waits for. */
  why: text,
  /** How the last attempt ended. */
  lastStatus: z.nullable(z.int()),
  lastError: text,
});
export type Delivery = z.output<typeof Delivery>;

const { startedAtMs: _startedAtMs, nextAtMs: _nextAtMs, ...attemptFields } = Attempt.shape;
const ShownAttempt = z.object({ ...attemptFields, startedAt: z.string(), nextAttemptAt: text });
const WholeDelivery = z.extend(Delivery, {
  /** What was sent, and in which versions, is in the event. */
  history: z.array(ShownAttempt),
});

const since = '0.5.0';
const auth = 'any';
const resource = { type: 'webhook', param: 'id' } as const;
const one = z.strictObject({ id: EndpointId, event: EventId });

export const deliveryRoutes = {
  listDeliveries: {
    method: 'GET',
    path: '/v1/webhooks/endpoints/{id}/deliveries',
    summary: 'What was sent to an endpoint, the newest events first; what nobody has tried yet is not among it',
    auth,
    permission: 'webhooks:read',
    resource,
    params: z.strictObject({ id: EndpointId }),
    query: z.strictObject({
      ...PageQuery,
      state: z.optional(DeliveryState),
      type: z.optional(z.string().check(z.maxLength(130))),
      /** By the time at which events were taken. */
      from: z.optional(Moment),
      to: z.optional(Moment),
    }),
    reply: { status: 200, body: pageOf(Delivery) },
    errors: ['not_found'],
    since,
  },
  getDelivery: {
    method: 'GET',
    path: '/v1/webhooks/endpoints/{id}/deliveries/{event}',
    summary: 'How an event has come to an endpoint, with each attempt',
    auth,
    permission: 'webhooks:read',
    resource,
    params: one,
    reply: { status: 200, body: WholeDelivery },
    errors: ['not_found'],
    since,
  },
  replayDelivery: {
    method: 'POST',
    path: '/v1/webhooks/endpoints/{id}/deliveries/{event}/replay',
    summary: 'Send an event to an endpoint again, with the same id, whatever became of it',
    auth,
    permission: 'webhooks:write',
    resource,
    params: one,
    body: json(z.strictObject({})),
    reply: { status: 202, body: z.object({ attempt: z.int() }) },
    errors: ['not_found', 'conflict'],
    example: { body: {} },
    since,
  },
} as const satisfies Contract;
