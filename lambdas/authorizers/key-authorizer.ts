import { type ApiKeyRecord, keyIdOf, matches } from '../shared/api-key';
import { credential, type Identify } from './answer';

export interface KeyRecords {
  record(id: string): Promise<ApiKeyRecord | undefined>;
  pepper(): Promise<string>;
}

/** Whose API key it is. */
export function keyIdentity({ record, pepper }: KeyRecords): Identify {
  return async (event) => {
    const key = credential(event, 'x-api-key');
    const id = keyIdOf(key);
    if (id === undefined) return { refused: 'not a key' };
    const found = await record(id);
    if (!found || !matches(key, await pepper(), found)) return { refused: 'unknown key' };
    return { kind: 'api_key', id, organisation: found.organisation, roles: found.roles };
  };
}
