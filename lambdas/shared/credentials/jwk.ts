import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import * as z from 'zod/mini';
import type { Algorithm } from './issuer-settings';

const short = z.string().check(z.maxLength(255));
const number = z.string().check(z.maxLength(2048));

/** A key of somebody else's JWKS (RFC 7517): the members that say what it is. Others are not read. */
const Jwk = z.object({
  kty: short,
  kid: z.string().check(z.minLength(1), z.maxLength(255)),
  alg: z.optional(short),
  use: z.optional(short),
  key_ops: z.optional(z.array(short)),
  n: z.optional(number),
  e: z.optional(number),
  crv: z.optional(short),
  x: z.optional(number),
  y: z.optional(number),
  /** Of a private or a secret key: one that everybody has seen. */
  d: z.optional(z.unknown()),
  k: z.optional(z.unknown()),
});

/** A key that may verify: what is kept of it. */
export const ForeignJwk = z.object({
  kid: z.string(),
  kty: z.string(),
  n: z.optional(z.string()),
  e: z.optional(z.string()),
  crv: z.optional(z.string()),
  x: z.optional(z.string()),
  y: z.optional(z.string()),
});
export type ForeignJwk = z.output<typeof ForeignJwk>;

const KINDS: Readonly<Record<Algorithm, { readonly kty: string; readonly crv?: string }>> = {
  RS256: { kty: 'RSA' },
  PS256: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
};

const MODULUS_BITS = { least: 2048, most: 8192 };
/** RFC 8017 allows more; NIST SP 800-56B wants at least this, and a large one makes every verification slow. */
const EXPONENT = { least: 65_537n, most: 2n ** 32n };

/** The key ready to verify with, or why it may not be. */
export function importKey(jwk: ForeignJwk, algorithm: Algorithm): KeyObject | string {
  const { kty, crv } = KINDS[algorithm];
  if (jwk.kty !== kty || jwk.crv !== crv) return `is no key for ${algorithm}`;
  const { n = '', e = '', x = '', y = '' } = jwk;
  const key: JsonWebKey =
    kty === 'RSA' ? { kty, n, e } : { kty, ...(crv !== undefined && { crv }), x, ...(kty === 'EC' && { y }) };
  try {
    const imported = createPublicKey({ key, format: 'jwk' });
    return (kty === 'RSA' && weakness(imported)) || imported;
  } catch {
    return 'is not a valid key';
  }
}

function weakness({ asymmetricKeyDetails: { modulusLength: bits = 0, publicExponent: e = 0n } = {} }: KeyObject) {
  if (bits < MODULUS_BITS.least || bits > MODULUS_BITS.most)
    return `has ${bits} bits, where ${MODULUS_BITS.least} to ${MODULUS_BITS.most} are taken`;
  if (e < EXPONENT.least || e > EXPONENT.most || e % 2n === 0n) return 'has an exponent that is not taken';
  return undefined;
}

const MOST_KEYS = 20;
const KeySet = z.object({ keys: z.array(z.unknown()) });

/**
 * The keys of a JWKS that may verify signatures of this algorithm. Keys for something else are left out, as RFC 7517
 * section 5 wants it; of what is left none may be weak, ambiguous or nameless.
 * @throws an error that says what is wrong, for whoever configures the issuer
 */
export function vetted(jwks: unknown, algorithm: Algorithm): ForeignJwk[] {
  const set = KeySet.safeParse(jwks);
  if (!set.success) throw new Error('the JWKS has no list of keys');
  if (set.data.keys.length > MOST_KEYS) throw new Error(`the JWKS has more than ${MOST_KEYS} keys`);
  const reasons = new Map<string, string>();
  const good = new Map<string, ForeignJwk>();
  for (const candidate of set.data.keys) {
    const parsed = Jwk.safeParse(candidate);
    if (!parsed.success || !isFor(parsed.data, algorithm)) continue;
    const key = ForeignJwk.parse(parsed.data);
    const reason = good.has(key.kid) ? 'is there twice' : faultOf(parsed.data, key, algorithm);
    if (reason === undefined) good.set(key.kid, key);
    else reasons.set(key.kid, reason);
  }
  for (const kid of reasons.keys()) good.delete(kid);
  if (good.size > 0) return [...good.values()];
  const [first] = [...reasons].map(([kid, reason]) => `; the key ${JSON.stringify(kid)} ${reason}`);
  throw new Error(`the JWKS has no usable key for ${algorithm}${first ?? ''}`);
}

/** `use`, `alg` and `key_ops` are respected where they are given (RFC 7517 section 4). */
const isFor = ({ kty, use, alg, key_ops: operations }: z.output<typeof Jwk>, algorithm: Algorithm) =>
  kty === KINDS[algorithm].kty &&
  (use === undefined || use === 'sig') &&
  (alg === undefined || alg === algorithm) &&
  (operations === undefined || operations.includes('verify'));

function faultOf({ d, k }: z.output<typeof Jwk>, key: ForeignJwk, algorithm: Algorithm): string | undefined {
  if (d !== undefined || k !== undefined) return 'is published with its private part';
  const imported = importKey(key, algorithm);
  return typeof imported === 'string' ? imported : undefined;
}
