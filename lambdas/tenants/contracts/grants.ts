import * as z from 'zod/mini';
import { PageQuery, pageOf } from '../../shared/http/page';
import { type Contract, json } from '../../shared/http/route';
import { ById, RoleName, versioned } from './common';

const Effect = z.enum(['allow', 'deny']);

export const Grant = z.object({
  id: z.uuid(),
  /** `user:<id>`, `api_key:<id>` or `client:<id>`. */
  subject: z.string(),
  /** `<type>:<id>`. */
  resource: z.string(),
  role: z.string(),
  effect: Effect,
  ...versioned,
});

const UUID = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const Subject = z.string().check(z.regex(new RegExp(`^((user|client):${UUID}|api_key:[a-z0-9]{16})$`)));
export const Resource = z.string().check(z.regex(/^[a-z_]{1,40}:[A-Za-z0-9_-]{1,100}$/));

export const NewGrant = z.strictObject({ subject: Subject, resource: Resource, role: RoleName, effect: Effect });

const any = { auth: 'any', since: '0.2.0' } as const;
const one = { ...any, params: ById, resource: { type: 'grant', param: 'id' } } as const;

export const grantRoutes = {
  listGrants: {
    ...any,
    method: 'GET',
    path: '/v1/grants',
    summary: 'Grants on single resources',
    permission: 'grants:read',
    query: z.strictObject({ ...PageQuery, subject: z.optional(Subject), resource: z.optional(Resource) }),
    reply: { status: 200, body: pageOf(Grant) },
  },
  createGrant: {
    ...any,
    method: 'POST',
    path: '/v1/grants',
    summary: 'Allow or deny what a role holds on one resource',
    permission: 'grants:write',
    idempotent: true,
    body: json(NewGrant),
    reply: { status: 201, body: Grant },
    example: {
      body: { subject: 'api_key:4f2a6c1e9b3d5870', resource: 'webhook:we_1', role: 'editor', effect: 'deny' },
    },
  },
  getGrant: {
    ...one,
    method: 'GET',
    path: '/v1/grants/{id}',
    summary: 'One grant',
    permission: 'grants:read',
    reply: { status: 200, body: Grant },
    errors: ['not_found'],
  },
  updateGrant: {
    ...one,
    method: 'PATCH',
    path: '/v1/grants/{id}',
    summary: 'Change the role or the effect of a grant',
    permission: 'grants:write',
    conditional: true,
    body: json(z.strictObject({ role: z.optional(RoleName), effect: z.optional(Effect) })),
    reply: { status: 200, body: Grant },
    errors: ['not_found', 'conflict'],
    example: { body: { effect: 'deny' } },
  },
  deleteGrant: {
    ...one,
    method: 'DELETE',
    path: '/v1/grants/{id}',
    summary: 'Take a grant back',
    permission: 'grants:write',
    conditional: true,
    reply: { status: 204 },
    errors: ['not_found'],
  },
} as const satisfies Contract;
