import type { VerificationKeys } from '../shared/jwt';
import { logger } from '../shared/telemetry';

/** However many tokens name a key that is not known here, the store is asked again at most this often. */
const ASK_AGAIN_SECONDS = 30;
/** A key that was withdrawn verifies no longer than this where nobody names a new one. */
const STALE_SECONDS = 300;

/**
 * The keys as this environment knows them. `missed` says that a token names another one. A store that does not answer
 * costs nothing as long as some keys are known; with none the promise rejects.
 * @param read asks the store
 */
export function knownKeys(read: () => Promise<VerificationKeys>, nowSeconds: () => number) {
  let known: VerificationKeys | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  return async (missed: boolean): Promise<VerificationKeys> => {
    if (known && nowSeconds() - askedAt < (missed ? ASK_AGAIN_SECONDS : STALE_SECONDS)) return known;
    askedAt = nowSeconds();
    known = await read().catch((error: unknown) => {
      if (!known) throw error;
      logger.warn('keys not read again', { error: error instanceof Error ? error : 'unknown failure' });
      return known;
    });
    return known;
  };
}
