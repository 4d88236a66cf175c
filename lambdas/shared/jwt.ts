import { createPublicKey, type JsonWebKey, type KeyObject, sign, verify } from 'node:crypto';
import * as z from 'zod/mini';
import { ROLE_NAMES } from './permissions';

/** Claims of our access tokens (RFC 9068 section 2.2). Times in seconds since 1970. */
export const Claims = z.object({
  iss: z.string(),
  aud: z.string(),
  sub: z.uuid(),
  client_id: z.string(),
  iat: z.int(),
  nbf: z.int(),
  exp: z.int(),
  jti: z.uuid(),
  org: z.uuid(),
  roles: z.array(z.enum(ROLE_NAMES)),
});
export type Claims = z.output<typeof Claims>;

/** Public keys by their `kid`. */
export type VerificationKeys = ReadonlyMap<string, KeyObject>;

export interface Expectations {
  readonly issuer: string;
  readonly nowSeconds: number;
}

const Header = z.object({ alg: z.literal('RS256'), typ: z.literal('at+jwt'), kid: z.string() });
const MAX_LENGTH = 8192;
const LEEWAY_SECONDS = 5;
const LONGEST_LIFE_SECONDS = 3600;
const CANONICAL = /^[A-Za-z0-9_-]+$/;

/** Signs an access token with RS256 (RFC 7515). */
export function signToken(claims: Claims, kid: string, privateKey: KeyObject): string {
  const input = `${encode({ alg: 'RS256', typ: 'at+jwt', kid })}.${encode(claims)}`;
  return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`;
}

const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url');

/** Why a token was refused: for our log, never for its bearer. */
export type Refused =
  | { readonly ok: false; readonly reason: 'malformed' | 'signature' | 'claims' }
  | { readonly ok: false; readonly reason: 'unknown key'; readonly kid: string };

/**
 * Verifies one of our access tokens. Algorithm and type are fixed, `kid` is a plain lookup, and header members that
 * point to other keys (jku, jwk, x5u, x5c) are never read; a `crit` header is refused (RFC 7515 section 4.1.11).
 */
export function verifyToken(
  token: string,
  keys: VerificationKeys,
  { issuer, nowSeconds }: Expectations,
): { readonly ok: true; readonly claims: Claims } | Refused {
  const parts = split(token);
  const header = parts && decode(parts.header);
  if (!parts || !header || 'crit' in header) return { ok: false, reason: 'malformed' };
  const parsed = Header.safeParse(header);
  if (!parsed.success) return { ok: false, reason: 'malformed' };
  const { kid } = parsed.data;
  const key = keys.get(kid);
  if (!key) return { ok: false, reason: 'unknown key', kid };
  if (!verify('sha256', Buffer.from(parts.input), key, parts.signature)) return { ok: false, reason: 'signature' };
  const claims = Claims.safeParse(decode(parts.payload));
  if (!claims.success || !timely(claims.data, nowSeconds)) return { ok: false, reason: 'claims' };
  if (claims.data.iss !== issuer || claims.data.aud !== issuer) return { ok: false, reason: 'claims' };
  return { ok: true, claims: claims.data };
}

const timely = ({ iat, nbf, exp }: Claims, now: number) =>
  exp > now - LEEWAY_SECONDS && nbf <= now + LEEWAY_SECONDS && exp - iat <= LONGEST_LIFE_SECONDS;

/** Three parts in canonical base64url: one token has one spelling, so a cache or a revocation can key on it. */
function split(token: string) {
  const [header, payload, signature, ...rest] = token.split('.');
  if (token.length > MAX_LENGTH || !header || !payload || !signature || rest.length > 0) return undefined;
  if (![header, payload, signature].every((part) => CANONICAL.test(part))) return undefined;
  const bytes = Buffer.from(signature, 'base64url');
  if (bytes.toString('base64url') !== signature) return undefined;
  return { header, payload, input: `${header}.${payload}`, signature: bytes };
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return Json.parse(value);
  } catch {
    return undefined;
  }
}

const Json = z.record(z.string(), z.unknown());

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

/** Keys ready to verify with. */
export const verificationKeys = ({ keys }: Jwks): VerificationKeys =>
  new Map(
    keys.map(({ kid, kty, n, e }) => [
      kid,
      createPublicKey({ key: { kty, n, e } satisfies JsonWebKey, format: 'jwk' }),
    ]),
  );
