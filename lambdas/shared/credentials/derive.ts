import { hkdfSync, randomBytes } from 'node:crypto';

/**
 * Bytes that only a holder of the pepper can compute (HKDF, RFC 5869), always the same for the same words: what is shown
 * once can be shown again to whoever repeats the request that made it, and only its digest is stored.
 * @param words what they are for, and for whom
 */
export const derivedBytes = (pepper: string, words: readonly string[], length: number): Buffer =>
  Buffer.from(hkdfSync('sha256', pepper, '', JSON.stringify(words), length));

/** For a creation: derived where the caller may repeat it, else random. */
export const creationBytes = (pepper: string, words: readonly (string | undefined)[], length: number): Buffer => {
  const known = words.filter((word) => word !== undefined);
  return known.length === words.length ? derivedBytes(pepper, known, length) : randomBytes(length);
};
