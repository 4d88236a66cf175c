import { refuse } from '../shared/errors';
import { KeyRing, publicKeys, signingKey } from '../shared/key-ring';
import { readSecretText } from '../shared/secrets';
import type { SigningKeys } from './auth';

/** How long a ring is used before the secret is read again: a turn of the ring is seen everywhere within this time. */
const FRESH_MS = 60_000;

/** The ring in the secret. When Secrets Manager does not answer, the ring known here goes on signing. */
export function signingKeysOf(secretId: string, now: () => number, read = readSecretText): () => Promise<SigningKeys> {
  let known: { readonly keys: SigningKeys; readonly readAt: number } | undefined;
  return async () => {
    if (known && now() - known.readAt < FRESH_MS) return known.keys;
    const text = await read(secretId).catch((cause: unknown) => {
      if (known) return undefined;
      return refuse('not_ready', 'the signing keys cannot be read', { headers: { 'retry-after': '2' }, cause });
    });
    if (text !== undefined) known = { keys: ringOf(text), readAt: now() };
    return known?.keys ?? refuse('not_ready');
  };
}

/** A new deployment's secret holds no ring until its first rotation, seconds later. */
function ringOf(text: string): SigningKeys {
  const ring = KeyRing.safeParse(JSON.parse(text));
  if (!ring.success)
    return refuse('not_ready', 'the first signing key is being made', { headers: { 'retry-after': '2' } });
  return { signing: signingKey(ring.data), published: publicKeys(ring.data) };
}
