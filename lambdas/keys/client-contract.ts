import * as z from 'zod/mini';
import { PageQuery, pageOf } from '../shared/http/page';
import { type Contract, json } from '../shared/http/route';
import { NameText, Overlap, ownPlan, Scopes, SECRET_HEADERS, shownPlan } from './fields';
import { redirectFault } from './redirects';

const RedirectUri = z.string().check(
  z.maxLength(2000),
  z.refine((uri) => redirectFault(uri) === undefined, {
    error: ({ input }) => redirectFault(String(input)),
  }),
);
const RedirectUris = z.array(RedirectUri).check(z.minLength(1), z.maxLength(20));

/** Confidential ones act for themselves and hold a secret; public ones act for people and can keep none. */
const NewClient = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('confidential'), name: NameText, scopes: Scopes, ...ownPlan }),
  z.strictObject({ kind: z.literal('public'), name: NameText, redirectUris: RedirectUris, ...ownPlan }),
]);
export type NewClient = z.output<typeof NewClient>;

const ClientPatch = z.strictObject({
  name: z.optional(NameText),
  scopes: z.optional(Scopes),
  redirectUris: z.optional(RedirectUris),
  ...ownPlan,
  disabled: z.optional(z.boolean()),
});
export type ClientPatch = z.output<typeof ClientPatch>;

export const Client = z.object({
  id: z.uuid(),
  name: z.string(),
  kind: z.enum(['confidential', 'public']),
  scopes: z.array(z.string()),
  redirectUris: z.array(z.string()),
  ...shownPlan,
  disabled: z.boolean(),
  /** Until when the secret before this one is good. */
  previousSecretUntil: z.nullable(z.string()),
  lastUsedAt: z.nullable(z.string()),
  createdAt: z.string(),
  updatedAt: z.string(),
});
export type Client = z.output<typeof Client>;

/** The only answers that hold the secret itself. */
const NewClientAnswer = z.extend(Client, { secret: z.optional(z.string()) });
const RotatedClient = z.extend(Client, { secret: z.string() });

const params = z.strictObject({ id: z.uuid() });
const resource = { type: 'client', param: 'id' } as const;

export const clientRoutes = {
  createClient: {
    method: 'POST',
    path: '/v1/clients',
    summary: 'Register an OAuth client: the answer is the only one that shows its secret',
    auth: 'any',
    permission: 'clients:write',
    idempotent: true,
    body: json(NewClient),
    reply: { status: 201, body: NewClientAnswer, headers: SECRET_HEADERS },
    example: { body: { kind: 'confidential', name: 'Billing', scopes: ['graph:query'] } },
    since: '0.2.0',
  },
  listClients: {
    method: 'GET',
    path: '/v1/clients',
    summary: 'The OAuth clients of your organisation',
    auth: 'any',
    permission: 'clients:read',
    query: z.strictObject(PageQuery),
    reply: { status: 200, body: pageOf(Client) },
    since: '0.2.0',
  },
  getClient: {
    method: 'GET',
    path: '/v1/clients/{id}',
    summary: 'One OAuth client',
    auth: 'any',
    permission: 'clients:read',
    resource,
    params,
    reply: { status: 200, body: Client },
    errors: ['not_found'],
    since: '0.2.0',
  },
  updateClient: {
    method: 'PATCH',
    path: '/v1/clients/{id}',
    summary: 'Change, disable or enable an OAuth client',
    auth: 'any',
    permission: 'clients:write',
    resource,
    params,
    conditional: true,
    body: json(ClientPatch),
    reply: { status: 200, body: Client },
    errors: ['not_found'],
    example: { body: { disabled: true } },
    since: '0.2.0',
  },
  deleteClient: {
    method: 'DELETE',
    path: '/v1/clients/{id}',
    summary: 'Delete an OAuth client: it is refused from its next request on',
    auth: 'any',
    permission: 'clients:write',
    resource,
    params,
    conditional: true,
    reply: { status: 204 },
    errors: ['not_found'],
    since: '0.2.0',
  },
  rotateClient: {
    method: 'POST',
    path: '/v1/clients/{id}/rotate',
    summary: 'Give a client a new secret; the one before goes on for an overlap',
    auth: 'any',
    permission: 'clients:write',
    resource,
    params,
    idempotent: true,
    body: json(z.strictObject({ overlapSeconds: Overlap })),
    reply: { status: 201, body: RotatedClient, headers: SECRET_HEADERS },
    errors: ['not_found'],
    example: { body: { overlapSeconds: 3600 } },
    since: '0.2.0',
  },
} as const satisfies Contract;
