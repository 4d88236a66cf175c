import { createPublicKey, type JsonWebKey, type KeyObject, sign, verify } from 'node:crypto';
import * as z from 'zod/mini';

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
const MAX_LENGTH = 8192;
const LEEWAY_SECONDS = 5;
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
  const header = Header.safeParse(parts && decode(parts.header));
  if (!parts || !header.success) return { ok: false, reason: 'malformed' };
  const key = keys.get(header.data.kid);
  if (!key) return { ok: false, reason: 'unknown key' };
  if (!verify('sha256', Buffer.from(parts.input), key, parts.signature)) return { ok: false, reason: 'signature' };
  const claims = Claims.safeParse(decode(parts.payload));
  if (!claims.success || !timely(claims.data, nowSeconds)) return { ok: false, reason: 'claims' };
  if (claims.data.iss !== issuer || claims.data.aud !== issuer) return { ok: false, reason: 'claims' };
  return { ok: true, claims: claims.data };
}

/** `iat` in the future is refused too: it would stretch the longest life to any length. */
const timely = ({ iat, nbf, exp }: Claims, now: number) =>
  exp > now - LEEWAY_SECONDS && Math.max(iat, nbf) <= now + LEEWAY_SECONDS && exp - iat <= LONGEST_LIFE_SECONDS;

/**
 * The parts of a token in canonical base64url: with `decode`, one token has one spelling, so that a cache or a
 * revocation can key on it.
 */
function split(token: string) {
  if (token.length > MAX_LENGTH) return undefined;
  const [header = '', payload = '', signature = '', ...rest] = token.split('.');
  const bytes = Buffer.from(signature, 'base64url');
  if (!signature || rest.length > 0 || bytes.toString('base64url') !== signature) return undefined;
  return { header, payload, input: `${header}.${payload}`, signature: bytes };
}

/** The JSON of a part. One that JSON would spell otherwise is none: a member given twice, spaces, padding, odd bits. */
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

/** Under this id authorizers find the keys that verify tokens. */
export const JWKS_RECORD = 'jwks';

/** Keys ready to verify with. */
export const verificationKeys = ({ keys }: Jwks): VerificationKeys =>
  new Map(
    keys.map(({ kid, kty, n, e }) => [
      kid,
      createPublicKey({ key: { kty, n, e } satisfies JsonWebKey, format: 'jwk' }),
    ]),
  );
