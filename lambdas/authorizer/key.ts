import { type ApiKeyRecord, keyIdOf, matches } from '../shared/credentials/api-key';
import type { Identified } from './answer';

export interface KeyRecords {
  record(id: string): Promise<ApiKeyRecord | undefined>;
  /** Kept in memory by whoever reads it, and nowhere else: beside the hashes it would be worth nothing. */
  pepper(): Promise<string>;
}

/** Whose API key it is. Whether it may still be used, and for what, is asked for each request (shared/access). */
export function keyIdentity({ record, pepper }: KeyRecords) {
  return async (key: string): Promise<Identified> => {
    const id = keyIdOf(key);
    if (id === undefined) return { refused: 'not a key' };
    const found = await record(id);
    if (!found || !matches(key, await pepper(), found)) return { refused: 'unknown key' };
    return { kind: 'api_key', id, organisation: found.organisation };
  };
}
