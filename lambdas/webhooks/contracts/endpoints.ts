import * as z from 'zod/mini';
import { PageQuery, pageOf } from '../../shared/http/page';
import { type Contract, json } from '../../shared/http/route';
import { Authentication } from '../post/authentication';
import { CustomHeaders } from '../post/headers';
import { EndpointId, EndpointState } from '../records/endpoint';
import { EndpointFields } from '../registration/fields';
import { OVERLAP_SECONDS, OwnSecret } from '../signing/secrets';

const { shape } = EndpointFields;

const optionalFields = {
  description: shape.description,
  channel: shape.channel,
  filter: shape.filter,
  payloadVersions: shape.payloadVersions,
  headers: z.optional(CustomHeaders),
  ratePerSecond: shape.ratePerSecond,
  retry: shape.retry,
  batch: shape.batch,
  metadata: shape.metadata,
};

const NewEndpoint = z.strictObject({
  url: shape.url,
  types: shape.types,
  ...optionalFields,
  authentication: z.optional(Authentication),
  signature: z.optional(shape.signature),
  asymmetric: z.optional(shape.asymmetric),
  state: z.optional(z.enum(['enabled', 'paused', 'disabled'])),
  /** To sign with a secret that receivers have already. */
  secret: z.optional(OwnSecret),
});
export type NewEndpoint = z.output<typeof NewEndpoint>;

const orNull = <S extends z.ZodMiniType>(schema: S) => z.optional(z.nullable(schema));
/** What is left out stays; null takes it away. */
const EndpointPatch = z.strictObject({
  url: z.optional(shape.url),
  types: z.optional(shape.types),
  description: orNull(shape.description.def.innerType),
  channel: orNull(shape.channel.def.innerType),
  filter: orNull(shape.filter.def.innerType),
  payloadVersions: orNull(shape.payloadVersions.def.innerType),
  headers: orNull(CustomHeaders),
  ratePerSecond: orNull(shape.ratePerSecond.def.innerType),
  retry: orNull(shape.retry.def.innerType),
  batch: orNull(shape.batch.def.innerType),
  metadata: orNull(shape.metadata.def.innerType),
  authentication: z.optional(Authentication),
  signature: z.optional(shape.signature),
  asymmetric: z.optional(shape.asymmetric),
  state: z.optional(z.enum(['enabled', 'paused', 'disabled'])),
});
export type EndpointPatch = z.output<typeof EndpointPatch>;

const Moment = z.string();
/** What is known of how an endpoint does. */
const Health = z.object({
  /** `open`: it fails, and its deliveries are parked; `draining`: it answers again, and they follow. */
  breaker: z.enum(['closed', 'open', 'draining']),
  failuresInARow: z.int(),
  failingSince: z.nullable(Moment),
  nextProbeAt: z.nullable(Moment),
  slow: z.boolean(),
});

export const Endpoint = z.object({
  id: EndpointId,
  ...shape,
  state: EndpointState,
  stateReason: z.nullable(z.string()),
  stateSince: Moment,
  /** The ids of the keys that it signs with now. */
  keys: z.array(z.object({ id: z.string(), kind: z.enum(['v1', 'v1a']), expiresAt: z.nullable(Moment) })),
  health: Health,
  createdAt: Moment,
  updatedAt: Moment,
});
export type Endpoint = z.output<typeof Endpoint>;

const ShownSecret = z.object({ secret: z.string(), keys: Endpoint.shape.keys });
const NewlyMade = z.extend(Endpoint, { secret: z.string() });

const NO_STORE = { 'cache-control': 'no-store' };
const params = z.strictObject({ id: EndpointId });
const resource = { type: 'webhook', param: 'id' } as const;
const since = '0.5.0';
const example = { body: { url: 'https://hooks.example.com/gatehouse', types: ['invoice.*'] } };

export const endpointRoutes = {
  createEndpoint: {
    method: 'POST',
    path: '/v1/webhooks/endpoints',
    summary: 'Register an endpoint: the answer is the only one that shows its signing secret',
    auth: 'any',
    permission: 'webhooks:write',
    idempotent: true,
    body: json(NewEndpoint),
    reply: { status: 201, body: NewlyMade, headers: NO_STORE },
    errors: ['conflict'],
    example,
    since,
  },
  listEndpoints: {
    method: 'GET',
    path: '/v1/webhooks/endpoints',
    summary: 'The endpoints of your organisation',
    auth: 'any',
    permission: 'webhooks:read',
    query: z.strictObject(PageQuery),
    reply: { status: 200, body: pageOf(Endpoint) },
    since,
  },
  getEndpoint: {
    method: 'GET',
    path: '/v1/webhooks/endpoints/{id}',
    summary: 'One endpoint, and how it does',
    auth: 'any',
    permission: 'webhooks:read',
    resource,
    params,
    reply: { status: 200, body: Endpoint },
    errors: ['not_found'],
    since,
  },
  updateEndpoint: {
    method: 'PATCH',
    path: '/v1/webhooks/endpoints/{id}',
    summary: 'Change, pause, disable or enable an endpoint',
    auth: 'any',
    permission: 'webhooks:write',
    resource,
    params,
    conditional: true,
    body: json(EndpointPatch),
    reply: { status: 200, body: Endpoint },
    errors: ['not_found', 'conflict'],
    example: { body: { state: 'paused' } },
    since,
  },
  deleteEndpoint: {
    method: 'DELETE',
    path: '/v1/webhooks/endpoints/{id}',
    summary: 'Delete an endpoint: nothing more is sent to it',
    auth: 'any',
    permission: 'webhooks:write',
    resource,
    params,
    conditional: true,
    reply: { status: 204 },
    errors: ['not_found', 'conflict'],
    since,
  },
  rotateEndpointSecret: {
    method: 'POST',
    path: '/v1/webhooks/endpoints/{id}/rotate',
    summary: 'Sign with a new secret; the old one signs too for an overlap',
    auth: 'any',
    permission: 'webhooks:write',
    resource,
    params,
    conditional: true,
    body: json(
      z.strictObject({
        overlapSeconds: z.optional(z.int().check(z.gte(0), z.lte(OVERLAP_SECONDS.most))),
        secret: z.optional(OwnSecret),
      }),
    ),
    reply: { status: 200, body: ShownSecret, headers: NO_STORE },
    errors: ['not_found', 'conflict'],
    example: { body: { overlapSeconds: 86_400 } },
    since,
  },
  testEndpoint: {
    method: 'POST',
    path: '/v1/webhooks/endpoints/{id}/test',
    summary: 'Send a ping, by the same way as everything else',
    auth: 'any',
    permission: 'webhooks:write',
    resource,
    params,
    body: json(z.strictObject({})),
    reply: { status: 202, body: z.object({ event: z.string() }) },
    errors: ['not_found'],
    example: { body: {} },
    since,
  },
  getEndpointKeys: {
    method: 'GET',
    path: '/v1/webhooks/endpoints/{id}/jwks.json',
    summary: 'The public keys that verify `v1a` signatures of this endpoint (JWKS, RFC 7517)',
    auth: 'none',
    public: 'receivers verify with them; they hold no secret',
    addressLimit: 'discovery',
    params,
    query: z.strictObject({ organisation: z.uuid() }),
    reply: {
      status: 200,
      body: z.object({ keys: z.array(z.record(z.string(), z.string())) }),
      headers: { 'cache-control': 'public, max-age=300' },
    },
    errors: ['not_found'],
    since,
  },
} as const satisfies Contract;
