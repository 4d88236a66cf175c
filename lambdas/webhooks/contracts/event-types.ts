import * as z from 'zod/mini';
import { PageQuery, pageOf } from '../../shared/http/page';
import { type Contract, json } from '../../shared/http/route';
import { EventTypeVersion } from '../event-types/catalogue';
import { OwnTypeName } from '../event-types/type-name';
import { Validation } from '../records/event-type';

const { shape } = EventTypeVersion;

/** `own`: your organisation's; `platform`: the operator's, which all organisations see. */
const Catalogue = z.enum(['own', 'platform']);

const Version = z.pipe(z.string().check(z.regex(/^[1-9]\d{0,3}$/)), z.pipe(z.transform(Number), shape.version));
const params = z.strictObject({ name: OwnTypeName, version: Version });

const NewVersion = z.strictObject({
  description: z.optional(shape.description),
  /** Of `data`: JSON Schema 2020-12. */
  schema: shape.schema,
  /** A payload that the schema takes. */
  example: shape.example,
  /** How a payload becomes one of the version before. */
  down: shape.down,
  /** It breaks with the version before: there is no way back. */
  breaking: shape.breaking,
  deprecated: shape.deprecated,
  /** What becomes of events that the schema does not take. @default 'enforce' */
  validation: z.optional(Validation),
});
export type NewVersion = z.output<typeof NewVersion>;

const Listed = z.object({
  name: z.string(),
  version: z.int(),
  catalogue: Catalogue,
  description: z.string(),
  breaking: z.boolean(),
  deprecated: z.nullable(shape.deprecated.def.innerType),
  validation: Validation,
  createdAt: z.string(),
  updatedAt: z.string(),
});
export type Listed = z.output<typeof Listed>;

export const EventType = z.extend(Listed, {
  schema: z.record(z.string(), z.unknown()),
  example: z.unknown(),
  down: z.nullable(z.array(z.unknown())),
});
export type EventType = z.output<typeof EventType>;

const since = '0.5.0';
const auth = 'any';
const path = '/v1/event-types/{name}/versions/{version}';
const whose = { catalogue: z.optional(Catalogue) };
const example = {
  body: {
    description: 'An invoice was paid in full.',
    schema: { type: 'object', properties: { id: { type: 'string' }, amount: { type: 'integer' } }, required: ['id'] },
    example: { id: 'inv_1', amount: 1200 },
  },
};

export const eventTypeRoutes = {
  putEventType: {
    method: 'PUT',
    path,
    summary: 'Describe a version of an event type, or replace one by what it is compatible with',
    auth,
    permission: 'webhooks:write',
    params,
    query: z.strictObject(whose),
    body: json(NewVersion),
    reply: { status: 200, body: EventType },
    errors: ['conflict', 'incompatible'],
    example,
    since,
  },
  listEventTypes: {
    method: 'GET',
    path: '/v1/event-types',
    summary: 'The event types that you may publish and subscribe to, a line for each version',
    auth,
    permission: 'webhooks:read',
    query: z.strictObject({ ...PageQuery, ...whose }),
    reply: { status: 200, body: pageOf(Listed) },
    since,
  },
  getEventType: {
    method: 'GET',
    path,
    summary: 'One version of an event type, with its schema and an example',
    auth,
    permission: 'webhooks:read',
    params,
    query: z.strictObject(whose),
    reply: { status: 200, body: EventType },
    errors: ['not_found'],
    since,
  },
  deleteEventType: {
    method: 'DELETE',
    path,
    summary: 'Take the newest version of a type of your own away, where no endpoint pins it',
    auth,
    permission: 'webhooks:write',
    params,
    reply: { status: 204 },
    errors: ['not_found', 'conflict'],
    since,
  },
} as const satisfies Contract;
