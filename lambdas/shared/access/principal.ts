import type { APIGatewayEventRequestContext } from 'aws-lambda';
import * as z from 'zod/mini';
import { once } from '../once';
import { isUuid } from '../uuid';
import type { Rights } from './permissions';

/** What an issuer of somebody else says of a user: enough to make the user's account on first sight. */
export interface ExternalUser {
  /** The issuer's id at the organisation that trusts it; absent for one of the stage. */
  readonly entry?: string | undefined;
  readonly issuer: string;
  readonly subject: string;
  /** Roles by the issuer's mapping. */
  readonly roles: readonly string[];
  /** `iat` of the token that says so. */
  readonly issuedAtSeconds: number;
  readonly email?: string | undefined;
  readonly name?: string | undefined;
}

/**
 * Who is calling, as an authorizer found out. API Gateway keeps that answer for minutes, so it says who and never what
 * the caller may do: that is asked anew for each request (shared/access).
 */
export interface Identity {
  readonly kind: 'user' | 'api_key' | 'client';
  readonly id: string;
  /** The tenant: what the caller sees and changes belongs to this organisation. */
  readonly organisation: string;
  readonly workspace?: string | undefined;
  /** The session (`sid`) and the token (`jti`) that were shown, where it was a token of ours. */
  readonly session?: string | undefined;
  readonly token?: string | undefined;
  /** When what was shown stops being valid, in seconds since 1970: an answer kept by the gateway may outlive it. */
  readonly expiresAtSeconds?: number | undefined;
  readonly external?: ExternalUser | undefined;
}

/** Who is calling, and what the caller may do now. */
export interface Principal extends Identity, Rights {
  readonly roles: readonly string[];
  /** The organisation's, or one of the key's own. */
  readonly plan: string;
  readonly organisationPlan: string;
}

const optional = () => z.optional(z.string());
const authorizerContextSchema = once(() =>
  z.object({
    kind: z.enum(['user', 'api_key', 'client']),
    principalId: z.string().check(z.minLength(1)),
    organisation: z.uuid(),
    workspace: z.optional(z.uuid()),
    session: z.optional(z.uuid()),
    token: optional(),
    expires: z.optional(z.coerce.number().check(z.int())),
    entry: z.optional(z.uuid()),
    issuer: optional(),
    subject: optional(),
    roles: optional(),
    issued: z.optional(z.coerce.number().check(z.int())),
    email: optional(),
    name: optional(),
  }),
);

/** What an authorizer hands on; API Gateway carries only strings, numbers and booleans. */
export function authorizerContext({ kind, organisation, ...rest }: Identity): Record<string, string> {
  const { workspace, session, token, expiresAtSeconds, external } = rest;
  const all = {
    kind,
    organisation,
    workspace,
    session,
    token,
    expires: expiresAtSeconds?.toString(),
    entry: external?.entry,
    issuer: external?.issuer,
    subject: external?.subject,
    roles: external?.roles.join(' '),
    issued: external?.issuedAtSeconds.toString(),
    email: external?.email,
    name: external?.name,
  };
  return Object.fromEntries(
    Object.entries(all).flatMap(([key, value]): [string, string][] => (value === undefined ? [] : [[key, value]])),
  );
}

/** Reads the identity that the authorizer left in the request context. */
export function identityOf({ authorizer }: Pick<APIGatewayEventRequestContext, 'authorizer'>): Identity | undefined {
  if (isPlain(authorizer)) return identityIn(authorizer, Number(authorizer.expires) || undefined);
  const parsed = authorizerContextSchema().safeParse(authorizer);
  if (!parsed.success) return undefined;
  const { entry, issuer, subject, roles = '', issued = 0, email, name } = parsed.data;
  const identity = identityIn(parsed.data, parsed.data.expires);
  if (issuer === undefined || subject === undefined) return identity;
  const names = roles.split(' ').filter(Boolean);
  const external = { entry, issuer, subject, roles: names, issuedAtSeconds: issued, email, name };
  return { ...identity, external };
}

type Own = Pick<Identity, 'kind' | 'organisation' | 'workspace' | 'session' | 'token'> & { principalId: string };

const identityIn = (own: Own, expiresAtSeconds: number | undefined): Identity => ({
  kind: own.kind,
  id: own.principalId,
  organisation: own.organisation,
  workspace: own.workspace,
  session: own.session,
  token: own.token,
  expiresAtSeconds,
});

/** What most requests have, who came with a credential of ours: the schema would give back the same, in ten times the time. */
type Plain = Own & { readonly expires?: string };

const isPlain = (context: APIGatewayEventRequestContext['authorizer']): context is Plain =>
  isFields(context) &&
  context.issuer === undefined &&
  (context.kind === 'user' || context.kind === 'api_key' || context.kind === 'client') &&
  typeof context.principalId === 'string' &&
  context.principalId !== '' &&
  isUuid(context.organisation) &&
  (context.workspace === undefined || isUuid(context.workspace)) &&
  (context.session === undefined || isUuid(context.session)) &&
  (context.token === undefined || typeof context.token === 'string') &&
  (context.expires === undefined || (typeof context.expires === 'string' && SECONDS.test(context.expires)));

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
const SECONDS = /^[1-9]\d{0,14}$/;

/** How the audit, grants and limits name a caller: `user:0b7c…`. */
export const subjectOf = ({ kind, id }: Pick<Identity, 'kind' | 'id'>): string => `${kind}:${id}`;
