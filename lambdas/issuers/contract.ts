import * as z from 'zod/mini';
import { changeable, issuerFields, RequiredClaim, RoleMap } from '../shared/credentials/issuer-fields';
import { IssuerSettings } from '../shared/credentials/issuer-settings';
import { PageQuery, pageOf } from '../shared/http/page';
import { type Contract, json } from '../shared/http/route';

const Params = z.strictObject({ id: z.uuid() });

export const NewIssuer = z.strictObject(issuerFields);

/** What is left out stays; null takes away. Whose tokens it is about cannot change: make another issuer. */
export const IssuerChange = z.strictObject({
  ...changeable,
  jwksUri: z.optional(z.nullable(issuerFields.jwksUri)),
  requiredClaim: z.optional(z.nullable(RequiredClaim)),
  roles: z.optional(z.nullable(RoleMap)),
  disabled: z.optional(z.boolean()),
});

export const Issuer = z.object({
  id: z.uuid(),
  ...IssuerSettings.shape,
  disabled: z.boolean(),
  /** The keys in force, as they were fetched last; where one issuer is asked for. */
  keys: z.optional(z.object({ kids: z.array(z.string()), fetchedAt: z.string() })),
  createdAt: z.string(),
  updatedAt: z.string(),
});
export type Issuer = z.output<typeof Issuer>;

const EXAMPLE = {
  kind: 'auth0',
  issuer: 'https://acme.eu.auth0.com/',
  audience: 'https://api.acme.example',
  roles: { claim: 'https://acme.example/roles', map: { Administrator: 'admin', Reader: 'viewer' } },
} as const;

export const issuerRoutes = {
  listIssuers: {
    method: 'GET',
    path: '/v1/issuers',
    summary: 'The external issuers whose tokens your organisation accepts',
    auth: 'any',
    permission: 'issuers:read',
    query: z.strictObject(PageQuery),
    reply: { status: 200, body: pageOf(Issuer) },
    since: '0.2.0',
  },
  createIssuer: {
    method: 'POST',
    path: '/v1/issuers',
    summary: 'Accept tokens of an external issuer (Auth0, Clerk, any OpenID Connect provider)',
    auth: 'any',
    permission: 'issuers:write',
    idempotent: true,
    body: json(NewIssuer),
    reply: { status: 201, body: Issuer },
    errors: ['conflict', 'not_ready'],
    example: { body: EXAMPLE },
    since: '0.2.0',
  },
  getIssuer: {
    method: 'GET',
    path: '/v1/issuers/{id}',
    summary: 'One external issuer, with the keys it has now',
    auth: 'any',
    permission: 'issuers:read',
    resource: { type: 'issuer', param: 'id' },
    params: Params,
    reply: { status: 200, body: Issuer },
    errors: ['not_found', 'not_ready'],
    since: '0.2.0',
  },
  updateIssuer: {
    method: 'PATCH',
    path: '/v1/issuers/{id}',
    summary: 'Change what tokens of an external issuer must say and what they mean',
    auth: 'any',
    permission: 'issuers:write',
    resource: { type: 'issuer', param: 'id' },
    conditional: true,
    params: Params,
    body: json(IssuerChange),
    reply: { status: 200, body: Issuer },
    errors: ['not_found', 'conflict', 'precondition_failed', 'not_ready'],
    example: { body: { disabled: true } },
    since: '0.2.0',
  },
  deleteIssuer: {
    method: 'DELETE',
    path: '/v1/issuers/{id}',
    summary: 'No longer accept tokens of an external issuer; its users stay members',
    auth: 'any',
    permission: 'issuers:write',
    resource: { type: 'issuer', param: 'id' },
    conditional: true,
    params: Params,
    reply: { status: 204 },
    errors: ['not_found', 'precondition_failed', 'not_ready'],
    since: '0.2.0',
  },
} as const satisfies Contract;
