import { createPublicKey, type JsonWebKey, type KeyObject, sign } from 'node:crypto';
import * as z from 'zod/mini';
import { BoundedMap } from '../bounded-map';
import { isSigned, split } from './jws';
import { LEEWAY_SECONDS } from './lifetimes';

/** Claims of our access tokens (RFC 9068 section 2.2). Times in seconds since 1970. */
export const Claims = z.object({
  iss: z.string(),
  aud: z.string(),
  /** A user's id; of a token that a client got for itself, that client's. */
  sub: z.uuid(),
  client_id: z.string(),
  iat: z.int(),
  nbf: z.int(),
  exp: z.int(),
  jti: z.uuid(),
  /** The session; absent where a client acts for itself. */
  sid: z.optional(z.uuid()),
  org: z.uuid(),
  ws: z.optional(z.uuid()),
  /** Roles and plan as they were when it was issued, for services behind the gateway; the gateway itself asks anew. */
  roles: z.array(z.string()),
  plan: z.string(),
  /** The version of this layout. */
  ver: z.literal(1),
});
export type Claims = z.output<typeof Claims>;

/** Public keys by their `kid`. */
export type VerificationKeys = ReadonlyMap<string, KeyObject>;

export interface Expectations {
  readonly issuer: string;
  readonly nowSeconds: number;
}

const Header = z.object({
  alg: z.literal('RS256'),
  typ: z.literal('at+jwt'),
  kid: z.string(),
  // An extension that must be understood (RFC 7515 section 4.1.11): none is.
  crit: z.optional(z.never()),
});
const LONGEST_LIFE_SECONDS = 3600;

/** Signs an access token with RS256 (RFC 7515). */
export function signToken(claims: Claims, kid: string, privateKey: KeyObject): string {
  const input = `${encode({ alg: 'RS256', typ: 'at+jwt', kid })}.${encode(claims)}`;
  return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`;
}

const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url');

/** Why a token was refused: for our log, never for its bearer. */
export interface Refused {
  readonly ok: false;
  readonly reason: 'malformed' | 'unknown key' | 'signature' | 'claims';
}

/**
 * Verifies one of our access tokens. Algorithm and type are fixed, `kid` is a plain lookup, and header members that
 * point to other keys (jku, jwk, x5u, x5c) are never read.
 */
export function verifyToken(
  token: string,
  keys: VerificationKeys,
  { issuer, nowSeconds }: Expectations,
): { readonly ok: true; readonly claims: Claims } | Refused {
  const parts = split(token);
  const kid = parts && kidOf(parts.header);
  if (!parts || kid === undefined) return { ok: false, reason: 'malformed' };
  const key = keys.get(kid);
  if (!key) return { ok: false, reason: 'unknown key' };
  if (!isSigned('RS256', parts, key)) return { ok: false, reason: 'signature' };
  const claims = Claims.safeParse(decode(parts.payload));
  if (!claims.success || !isTimely(claims.data, nowSeconds, LONGEST_LIFE_SECONDS))
    return { ok: false, reason: 'claims' };
  if (claims.data.iss !== issuer || claims.data.aud !== issuer) return { ok: false, reason: 'claims' };
  return { ok: true, claims: claims.data };
}

/** Headers that were found good, with their `kid`: all tokens of a key have the same one. */
const kids = new BoundedMap<string, string>(32);

function kidOf(header: string): string | undefined {
  const known = kids.get(header);
  if (known !== undefined) return known;
  const parsed = Header.safeParse(decode(header));
  if (!parsed.success) return undefined;
  kids.set(header, parsed.data.kid);
  return parsed.data.kid;
}

/** When a token is good, in seconds since 1970. */
export interface Times {
  readonly iat: number;
  readonly nbf?: number | undefined;
  readonly exp: number;
}

/** `iat` in the future is refused too: it would stretch the longest life to any length. */
export const isTimely = ({ iat, nbf = iat, exp }: Times, now: number, longestLife: number): boolean =>
  exp > now - LEEWAY_SECONDS && Math.max(iat, nbf) <= now + LEEWAY_SECONDS && exp - iat <= longestLife;

/**
 * The JSON of a part of ours. One that JSON would spell otherwise is none: a member given twice, spaces, padding, odd
 * bits. So one token has one spelling, and a cache or a revocation can key on it.
 */
function decode(part: string): unknown {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return encode(value) === part ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A public key of ours as a JWKS carries it (RFC 7517). */
export const PublicJwk = z.object({
  kty: z.literal('RSA'),
  kid: z.string(),
  alg: z.literal('RS256'),
  use: z.literal('sig'),
  n: z.string(),
  e: z.string(),
});
export type PublicJwk = z.output<typeof PublicJwk>;
export const Jwks = z.object({ keys: z.array(PublicJwk) });
export type Jwks = z.output<typeof Jwks>;

/** As authorizers keep them: a retired key verifies until its last token has expired. */
export const KnownJwks = z.object({ keys: z.array(z.extend(PublicJwk, { until: z.optional(z.int()) })) });
export type KnownJwks = z.output<typeof KnownJwks>;

/** Under this id authorizers find the keys that verify tokens. */
export const JWKS_RECORD = 'jwks';

/** Keys ready to verify with; those whose time is over left out. */
export const verificationKeys = ({ keys }: KnownJwks, nowSeconds = 0): VerificationKeys =>
  new Map(
    keys
      .filter(({ until = Number.POSITIVE_INFINITY }) => nowSeconds < until)
      .map(({ kid, kty, n, e }) => [kid, createPublicKey({ key: { kty, n, e } satisfies JsonWebKey, format: 'jwk' })]),
  );
