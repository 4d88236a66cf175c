import * as z from 'zod/mini';
import { type Contract, json } from '../../shared/http/route';
import { Filter } from '../filter/filter';
import { NewEvent } from './events';

const Reason = z.object({
  /** Where it stands in the filter: `data.amount`, `$or[1].data.currency`. */
  path: z.string(),
  /** What the filter says there. */
  expected: z.unknown(),
  /** What the event has there; left out where it has nothing. */
  found: z.optional(z.unknown()),
  matches: z.boolean(),
});

const filter = { data: { amount: [{ numeric: ['>=', 100] }], currency: ['EUR'] } };
const event = { type: 'invoice.paid', data: { amount: 1200, currency: 'USD' } };

export const filterRoutes = {
  testFilter: {
    method: 'POST',
    path: '/v1/webhooks/filters/test',
    summary: 'Why an event matches a filter, or does not: each condition by itself',
    auth: 'any',
    permission: 'webhooks:read',
    body: json(z.strictObject({ filter: Filter, event: NewEvent }), 300_000),
    reply: { status: 200, body: z.object({ matches: z.boolean(), why: z.array(Reason) }) },
    example: { body: { filter, event } },
    since: '0.5.0',
  },
} as const satisfies Contract;
