import type { APIGatewayEventRequestContext } from 'aws-lambda';
import * as z from 'zod/mini';
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

const optional = z.optional(z.string());
const AuthorizerContext = z.object({
  kind: z.enum(['user', 'api_key', 'client']),
  principalId: z.string().check(z.minLength(1)),
  organisation: z.uuid(),
  workspace: z.optional(z.uuid()),
  session: z.optional(z.uuid()),
  token: optional,
  expires: z.optional(z.coerce.number().check(z.int())),
  entry: z.optional(z.uuid()),
  issuer: optional,
  subject: optional,
  roles: optional,
  issued: z.optional(z.coerce.number().check(z.int())),
  email: optional,
  name: optional,
});

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
export function identityOf(context: APIGatewayEventRequestContext): Identity | undefined {
  const parsed = AuthorizerContext.safeParse(context.authorizer);
  if (!parsed.success) return undefined;
  const { principalId: id, kind, organisation, workspace, session, token, expires, ...external } = parsed.data;
  const identity = { kind, id, organisation, workspace, session, token, expiresAtSeconds: expires };
  const { entry, issuer, subject, roles = '', issued = 0, email, name } = external;
  if (issuer === undefined || subject === undefined) return identity;
  const names = roles.split(' ').filter(Boolean);
  const said = { entry, issuer, subject, roles: names, issuedAtSeconds: issued, email, name };
  return { ...identity, external: said };
}

/** How the audit, grants and limits name a caller: `user:0b7c…`. */
export const subjectOf = ({ kind, id }: Pick<Identity, 'kind' | 'id'>): string => `${kind}:${id}`;
