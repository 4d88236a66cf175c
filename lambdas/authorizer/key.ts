import { type ApiKeyRecord, keyIdOf, matches } from '../shared/credentials/api-key';
import type { Identified } from './answer';

export interface KeyRecords {
  /** Nothing for a key that nobody has, or that is not looked up because too many of those came from this address. */
  record(id: string, address: string): Promise<ApiKeyRecord | undefined>;
  /** Kept in memory by whoever reads it, and nowhere else: beside the hashes it would be worth nothing. */
  pepper(): Promise<string>;
}

/** Whose API key it is. Whether it may still be used, and for what, is asked for each request (shared/access). */
export function keyIdentity({ record, pepper }: KeyRecords) {
  return async (key: string, address: string): Promise<Identified> => {
    const id = keyIdOf(key);
    if (id === undefined) return { refused: 'not a key' };
    const found = await record(id, address);
    if (!found || !matches(key, await pepper(), found)) return { refused: 'unknown key' };
    return { kind: 'api_key', id, organisation: found.organisation };
  };
}
