import { logger } from '../telemetry';
import { readSecretText } from './secrets';

interface FreshOptions {
  /** It is read again after this time. */
  readonly freshMs: number;
  nowMs(): number;
  /** @default from Secrets Manager */
  readonly read?: typeof readSecretText;
}

/** The text of a secret that is rotated. While Secrets Manager does not answer, what was read last stays. */
export function freshSecret(
  secretId: string,
  { freshMs, nowMs, read = readSecretText }: FreshOptions,
): () => Promise<string> {
  let known: string | undefined;
  let readAtMs = Number.NEGATIVE_INFINITY;
  return async () => {
    if (known !== undefined && nowMs() - readAtMs < freshMs) return known;
    readAtMs = nowMs();
    known = await read(secretId).catch((error: unknown) => {
      if (known === undefined) throw error;
      logger.warn('secret not read again', { error: error instanceof Error ? error : 'unknown failure' });
      return known;
    });
    return known;
  };
}
