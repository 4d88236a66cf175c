import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import * as z from 'zod/mini';
import { fromJson } from './json';
import { type Jwks, PublicJwk } from './jwt';

const SigningKey = z.object({ kid: z.string(), privateKey: z.string() });

/**
 * The keys that sign access tokens, as the secret's text holds them. `next` is published before it signs, and `previous` stays
 * published after it has stopped: whoever caches the JWKS knows every key that signs a token still alive.
 */
export const KeyRing = z.pipe(
  fromJson,
  z.object({ current: SigningKey, next: SigningKey, previous: z.optional(PublicJwk) }),
);
export type KeyRing = z.output<typeof KeyRing>;

const MODULUS_BITS = 2048;

/** A ring for a deployment that has none yet. */
export const newRing = (): KeyRing => ({ current: newKey(), next: newKey() });

/** One turn: `next` begins to sign, `current` only verifies, and a new key waits. */
export const turn = ({ current, next }: KeyRing): KeyRing => ({
  current: next,
  next: newKey(),
  previous: publicJwk(current),
});

/** All public keys of the ring. */
export const publicKeys = ({ current, next, previous }: KeyRing): Jwks => ({
  keys: [publicJwk(current), publicJwk(next), ...(previous ? [previous] : [])],
});

/** The key that signs, ready to use. */
export const signingKey = ({ current }: KeyRing): { kid: string; privateKey: KeyObject } => ({
  kid: current.kid,
  privateKey: createPrivateKey(current.privateKey),
});

function newKey(): z.output<typeof SigningKey> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: MODULUS_BITS });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { kid: thumbprint(pem), privateKey: pem };
}

function publicJwk({ kid, privateKey }: z.output<typeof SigningKey>): PublicJwk {
  const { n, e } = createPublicKey(privateKey).export({ format: 'jwk' });
  return PublicJwk.parse({ kty: 'RSA', kid, alg: 'RS256', use: 'sig', n, e });
}

/** RFC 7638: the required members in alphabetic order. */
function thumbprint(pem: string): string {
  const { e, kty, n } = createPublicKey(pem).export({ format: 'jwk' });
  return createHash('sha256').update(JSON.stringify({ e, kty, n })).digest('base64url');
}
