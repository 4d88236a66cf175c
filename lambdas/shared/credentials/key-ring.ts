import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import * as z from 'zod/mini';
import { fromJson } from '../json';
import { type Jwks, type KnownJwks, PublicJwk } from './jwt';
import {
  ACCESS_TOKEN_SECONDS,
  JWKS_MAX_AGE_SECONDS,
  KEYS_STALE_SECONDS,
  LEEWAY_SECONDS,
  RING_FRESH_SECONDS,
} from './lifetimes';

const SigningKey = z.object({ kid: z.string(), privateKey: z.string() });
type SigningKey = z.output<typeof SigningKey>;

const Retired = z.object({
  ...PublicJwk.shape,
  /** When it gave way to the next; unknown in a ring of an earlier release. */
  stoppedAtSeconds: z.optional(z.int()),
});

/** As earlier releases kept it: one key before the current one. */
const Stored = z.object({
  current: SigningKey,
  /** Without a time: it was published together with the current key, as that of a new ring is. */
  next: z.extend(SigningKey, { publishedAtSeconds: z.optional(z.int()) }),
  previous: z.optional(PublicJwk),
  retired: z.optional(z.array(Retired)),
});

/**
 * The keys that sign access tokens, as the secret's text holds them. `next` is published before it signs, and each
 * retired key, newest first, as long as a token of its may live: whoever caches the JWKS knows every key that signs a
 * token still alive.
 */
export const KeyRing = z.pipe(
  fromJson,
  z.pipe(
    Stored,
    z.transform(({ current, next, previous, retired = [] }) => {
      const all: readonly z.output<typeof Retired>[] = previous ? [previous, ...retired] : retired;
      return { current, next, retired: all };
    }),
  ),
);
export type KeyRing = z.output<typeof KeyRing>;

const MODULUS_BITS = 2048;

/** Nobody who caches our keys, nor who caches what such a one has cached, is without a key published this long ago. */
export const PUBLISHED_FIRST_SECONDS = JWKS_MAX_AGE_SECONDS + KEYS_STALE_SECONDS + RING_FRESH_SECONDS + LEEWAY_SECONDS;
/** After this time no token of a key lives any more: an environment goes on signing with the ring it has read. */
export const RETIRED_SECONDS = ACCESS_TOKEN_SECONDS + RING_FRESH_SECONDS + LEEWAY_SECONDS;
/**
 * A rotation makes its ring before that ring counts, usually within seconds. What this ring calls the time a key stopped
 * may be early by as much as the rotation was held up.
 */
const LONGEST_ROTATION_SECONDS = 3600;

/** A ring for a deployment that has none yet. */
export const newRing = (): KeyRing => ({ current: newKey(), next: newKey(), retired: [] });

/**
 * One turn: `next` begins to sign, `current` only verifies, and a new key waits.
 * @param countsSinceSeconds when the ring as it is came into force, which is when its next key was published
 * @throws when that is so short ago that somebody may not know the next key yet
 */
export function turn({ current, next, retired }: KeyRing, nowSeconds: number, countsSinceSeconds = 0): KeyRing {
  const { publishedAtSeconds, ...signing } = next;
  if (publishedAtSeconds !== undefined) {
    const early = Math.max(publishedAtSeconds, countsSinceSeconds) + PUBLISHED_FIRST_SECONDS - nowSeconds;
    if (early > 0)
      throw new Error(`the next key must be known everywhere before it signs: rotate again in ${Math.ceil(early)} s`);
  }
  const [last, ...older] = retired;
  // The last one stopped when this ring began to count, however long before it was made.
  const stopped = last && {
    ...last,
    stoppedAtSeconds: Math.max(last.stoppedAtSeconds ?? nowSeconds, countsSinceSeconds),
  };
  const before = [...(stopped ? [stopped] : []), ...older];
  return {
    current: signing,
    next: { ...newKey(), publishedAtSeconds: nowSeconds },
    retired: [
      { ...publicJwk(current), stoppedAtSeconds: nowSeconds },
      ...before.filter((key) => (key.stoppedAtSeconds ?? nowSeconds) + RETIRED_SECONDS > nowSeconds),
    ],
  };
}

/** The public keys of the ring whose tokens may live. Without a time: all of them. */
export const publicKeys = ({ current, next, retired }: KeyRing, nowSeconds = 0): Jwks => ({
  keys: [
    publicJwk(current),
    publicJwk(next),
    ...retired
      .filter(({ stoppedAtSeconds: at = nowSeconds }) => at + RETIRED_SECONDS + LONGEST_ROTATION_SECONDS > nowSeconds)
      .map((key) => PublicJwk.parse(key)),
  ],
});

/**
 * The ring's public keys as authorizers keep them: each retired one until its last token has expired, so that one
 * that was stolen is worth nothing after that. `lastStoppedAtSeconds` is left out until the ring counts.
 */
export function knownKeys({ current, next, retired }: KeyRing, lastStoppedAtSeconds?: number): KnownJwks {
  return {
    keys: [
      publicJwk(current),
      publicJwk(next),
      ...retired.map((key, index) => ({
        ...PublicJwk.parse(key),
        ...untilAfter(index === 0 ? lastStoppedAtSeconds : key.stoppedAtSeconds),
      })),
    ],
  };
}

const untilAfter = (at: number | undefined) => (at === undefined ? {} : { until: at + RETIRED_SECONDS });

/** The key that signs, ready to use. */
export const signingKey = ({ current }: Pick<KeyRing, 'current'>): { kid: string; privateKey: KeyObject } => ({
  kid: current.kid,
  privateKey: createPrivateKey(current.privateKey),
});

function newKey(): SigningKey {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: MODULUS_BITS });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { kid: thumbprint(pem), privateKey: pem };
}

function publicJwk({ kid, privateKey }: SigningKey): PublicJwk {
  const { n, e } = createPublicKey(privateKey).export({ format: 'jwk' });
  return PublicJwk.parse({ kty: 'RSA', kid, alg: 'RS256', use: 'sig', n, e });
}

/** RFC 7638: the required members in alphabetic order. */
function thumbprint(pem: string): string {
  const { e, kty, n } = createPublicKey(pem).export({ format: 'jwk' });
  return createHash('sha256').update(JSON.stringify({ e, kty, n })).digest('base64url');
}
