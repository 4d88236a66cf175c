import type { VerificationKeys } from '../shared/credentials/jwt';
import { KEYS_STALE_SECONDS } from '../shared/credentials/lifetimes';
import { logLine } from '../shared/log-line';

/** However many tokens name a key that is not known here, the store is asked again at most this often. */
const ASK_AGAIN_SECONDS = 30;

/**
 * The keys as this environment knows them. `missed` says that a token names another one. A store that does not answer
 * costs nothing as long as some keys are known; with none the promise rejects.
 * @param read asks the store
 */
export function knownKeys(read: () => Promise<VerificationKeys>, nowSeconds: () => number) {
  let known: VerificationKeys | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  return async (missed: boolean): Promise<VerificationKeys> => {
    if (known && nowSeconds() - askedAt < (missed ? ASK_AGAIN_SECONDS : KEYS_STALE_SECONDS)) return known;
    askedAt = nowSeconds();
    known = await read().catch((error: unknown) => {
      if (!known) throw error;
      logLine('WARN', 'keys not read again', { error });
      return known;
    });
    return known;
  };
}
