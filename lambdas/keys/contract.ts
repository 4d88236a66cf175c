import * as z from 'zod/mini';
import { PageQuery, pageOf } from '../shared/http/page';
import { type Contract, json } from '../shared/http/route';
import { clientRoutes } from './client-contract';
import { NameText, Overlap, ownPlan, Scopes, SECRET_HEADERS, shownPlan } from './fields';
import { canonicalRange } from './ranges';

export const MOST_RANGES = 50;

/** A range of addresses in CIDR notation, brought to its one spelling. */
const IpRange = z.pipe(
  z.string().check(z.maxLength(60)),
  z.transform((text, context) => {
    const range = canonicalRange(text);
    if (range !== undefined) return range;
    context.issues.push({ code: 'invalid_format', format: 'CIDR range', input: text });
    return z.NEVER;
  }),
);
const IpRanges = z.array(IpRange).check(z.maxLength(MOST_RANGES));
const Moment = z.iso.datetime({ offset: true });

const NewKey = z.strictObject({
  name: NameText,
  scopes: Scopes,
  workspace: z.optional(z.uuid()),
  expiresAt: z.optional(z.nullable(Moment)),
  ipRanges: z.optional(IpRanges),
  ...ownPlan,
});
const KeyPatch = z.strictObject({
  name: z.optional(NameText),
  scopes: z.optional(Scopes),
  expiresAt: z.optional(z.nullable(Moment)),
  ipRanges: z.optional(IpRanges),
  ...ownPlan,
  disabled: z.optional(z.boolean()),
});
export type KeyPatch = z.output<typeof KeyPatch>;

export const ApiKey = z.object({
  id: z.string(),
  name: z.string(),
  owner: z.uuid(),
  workspace: z.nullable(z.uuid()),
  scopes: z.array(z.string()),
  ipRanges: z.array(z.string()),
  ...shownPlan,
  expiresAt: z.nullable(z.string()),
  disabled: z.boolean(),
  /** The key that took its place when it was rotated. */
  replacedBy: z.nullable(z.string()),
  /** Coarse: up to five minutes late. */
  lastUsedAt: z.nullable(z.string()),
  createdAt: z.string(),
  updatedAt: z.string(),
});
export type ApiKey = z.output<typeof ApiKey>;

/** The only answers that hold the key itself. */
const ShownKey = z.extend(ApiKey, { key: z.string() });
export const Replaced = z.object({ id: z.string(), expiresAt: z.string() });
const RotatedKey = z.extend(ShownKey, { replaces: Replaced });

export const MOST_DAYS = 35;
const Days = z.pipe(
  z.string().check(z.regex(/^\d{1,2}$/)),
  z.pipe(z.transform(Number), z.int().check(z.gte(1), z.lte(MOST_DAYS))),
);
const Usage = z.object({
  days: z.array(z.object({ date: z.string(), requests: z.int() })),
  lastUsedAt: z.nullable(z.string()),
});

const params = z.strictObject({ id: z.string().check(z.regex(/^[a-z0-9]{16}$/)) });
const resource = { type: 'key', param: 'id' } as const;

const apiKeyRoutes = {
  createKey: {
    method: 'POST',
    path: '/v1/keys',
    summary: 'Make an API key: the answer is the only one that shows it',
    auth: 'any',
    permission: 'keys:write',
    idempotent: true,
    body: json(NewKey),
    reply: { status: 201, body: ShownKey, headers: SECRET_HEADERS },
    example: { body: { name: 'CI', scopes: ['graph:query'], ipRanges: ['192.0.2.0/24'] } },
    since: '0.2.0',
  },
  listKeys: {
    method: 'GET',
    path: '/v1/keys',
    summary: 'The API keys of your organisation',
    auth: 'any',
    permission: 'keys:read',
    query: z.strictObject(PageQuery),
    reply: { status: 200, body: pageOf(ApiKey) },
    since: '0.2.0',
  },
  getKey: {
    method: 'GET',
    path: '/v1/keys/{id}',
    summary: 'One API key',
    auth: 'any',
    permission: 'keys:read',
    resource,
    params,
    reply: { status: 200, body: ApiKey },
    errors: ['not_found'],
    since: '0.2.0',
  },
  updateKey: {
    method: 'PATCH',
    path: '/v1/keys/{id}',
    summary: 'Change, disable or enable an API key',
    auth: 'any',
    permission: 'keys:write',
    resource,
    params,
    conditional: true,
    body: json(KeyPatch),
    reply: { status: 200, body: ApiKey },
    errors: ['not_found'],
    example: { body: { disabled: true } },
    since: '0.2.0',
  },
  deleteKey: {
    method: 'DELETE',
    path: '/v1/keys/{id}',
    summary: 'Delete an API key: it is refused from its next request on',
    auth: 'any',
    permission: 'keys:write',
    resource,
    params,
    conditional: true,
    reply: { status: 204 },
    errors: ['not_found'],
    since: '0.2.0',
  },
  rotateKey: {
    method: 'POST',
    path: '/v1/keys/{id}/rotate',
    summary: 'Make a key with the same settings; the old one goes on for an overlap',
    auth: 'any',
    permission: 'keys:write',
    resource,
    params,
    idempotent: true,
    body: json(z.strictObject({ overlapSeconds: Overlap, expiresAt: z.optional(z.nullable(Moment)) })),
    reply: { status: 201, body: RotatedKey, headers: SECRET_HEADERS },
    errors: ['not_found'],
    example: { body: { overlapSeconds: 3600 } },
    since: '0.2.0',
  },
  getKeyUsage: {
    method: 'GET',
    path: '/v1/keys/{id}/usage',
    summary: 'How often an API key was used, by day (UTC)',
    auth: 'any',
    permission: 'keys:read',
    resource,
    params,
    query: z.strictObject({ days: z.optional(Days) }),
    reply: { status: 200, body: Usage },
    errors: ['not_found'],
    since: '0.2.0',
  },
} as const satisfies Contract;

/** API keys and OAuth clients: what machines sign in with. */
export const keyRoutes = { ...apiKeyRoutes, ...clientRoutes } as const satisfies Contract;
export type ApiKeyRoutes = typeof apiKeyRoutes;
