import type { Changes } from '../shared/access/change';
import type { ApiKeyRecord } from '../shared/credentials/api-key';
import { refuse } from '../shared/errors';

/** What verifies keys, where authorizers look for it: DynamoDB and its copy in Redis. */
export interface KeyRecords {
  put(id: string, record: ApiKeyRecord): Promise<void>;
  delete(id: string): Promise<void>;
}

export interface Deps {
  readonly changes: Changes;
  readonly records: KeyRecords;
  /** How often a key was used on each of these days. */
  usage(organisation: string, id: string, dates: readonly string[]): Promise<readonly number[]>;
  /** What secrets are hashed under, and derived from. */
  pepper(): Promise<string>;
  readonly stage: string;
  nowMs(): number;
}

const RETRY_AFTER = { 'retry-after': '2' };

/** For a store that does not answer: 503, and its reason in our log. */
export const notReady = (detail: string) => (cause: unknown) =>
  refuse('not_ready', detail, { headers: RETRY_AFTER, cause });

export const pepperOf = ({ pepper }: Deps): Promise<string> => pepper().catch(notReady('the secrets do not answer'));
