import type { KeyObject } from 'node:crypto';
import type { Jwks } from '../shared/credentials/jwt';
import { KeyRing, publicKeys, signingKey } from '../shared/credentials/key-ring';
import { RING_FRESH_SECONDS } from '../shared/credentials/lifetimes';
import { refuse } from '../shared/errors';
import { readSecretText } from '../shared/stores/secrets';
import { logger } from '../shared/telemetry';

export interface SigningKeys {
  readonly signing: { readonly kid: string; readonly privateKey: KeyObject };
  readonly published: Jwks;
}

/** A turn of the ring is seen everywhere within this time. */
const FRESH_MS = RING_FRESH_SECONDS * 1000;
const RETRY_AFTER = { 'retry-after': '2' };

/**
 * The ring in the secret. When Secrets Manager does not answer, the ring known here goes on signing; with none known it
 * refuses with `not_ready`, as in the seconds before a new deployment's first rotation.
 */
export function signingKeysOf(secretId: string, now: () => number, read = readSecretText): () => Promise<SigningKeys> {
  let known: SigningKeys | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  return async () => {
    if (known && now() - readAt < FRESH_MS) return known;
    readAt = now();
    known = await read(secretId)
      .then((secret) => ringOf(secret, now() / 1000))
      .catch((cause: unknown) => {
        if (!known) return refuse('not_ready', 'the signing keys are not there yet', { headers: RETRY_AFTER, cause });
        logger.warn('signing keys not read again', { error: cause instanceof Error ? cause : 'unknown failure' });
        return known;
      });
    return known;
  };
}

function ringOf(secret: string, nowSeconds: number): SigningKeys {
  const ring = KeyRing.parse(secret);
  return { signing: signingKey(ring), published: publicKeys(ring, nowSeconds) };
}
