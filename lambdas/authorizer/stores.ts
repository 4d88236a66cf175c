import { BoundedMap } from '../shared/bounded-map';
import { ApiKeyRecord, recordId } from '../shared/credentials/api-key';
import { IssuerRecord } from '../shared/credentials/issuer';
import type { FetchKeys } from '../shared/credentials/issuer-keys';
import { JWKS_RECORD, KnownJwks, verificationKeys } from '../shared/credentials/jwt';
import { putCopy, type Records, readRecord } from '../shared/stores/records';
import { readSecretText } from '../shared/stores/secrets';
import type { KeyRecords } from './key';
import { FETCH_AGAIN_SECONDS, type IssuerSource } from './known-issuers';
import type { KeySource } from './token';
import { unknownBudget } from './unknown-budget';

type Clock = () => number;

export const keySource = (records: Records, nowMs: Clock): Pick<KeySource, 'readKeys'> => ({
  readKeys: async () =>
    verificationKeys((await readRecord(records, JWKS_RECORD, KnownJwks)) ?? { keys: [] }, nowMs() / 1000),
});

/** A record holds a hash and whose it is, which never change: kept in memory, it saves half of what a key costs here. */
const RECORD_MS = 60_000;
const MOST_RECORDS = 1_000;

export function keyRecords(records: Records, pepperSecret: string, nowMs: Clock): KeyRecords {
  const kept = new BoundedMap<string, { readonly record: ApiKeyRecord; readonly untilMs: number }>(MOST_RECORDS);
  const unknown = unknownBudget(nowMs);
  let pepper: Promise<string> | undefined;
  return {
    async record(id, address) {
      const known = kept.get(id);
      if (known && known.untilMs > nowMs()) return known.record;
      if (!unknown.isLeft(address)) return undefined;
      const record = await readRecord(records, recordId(id), ApiKeyRecord);
      if (!record) unknown.spend(address);
      if (record) kept.set(id, { record, untilMs: nowMs() + RECORD_MS });
      return record;
    },
    pepper() {
      pepper ??= readSecretText(pepperSecret).catch((error: unknown) => {
        pepper = undefined;
        throw error;
      });
      return pepper;
    },
  };
}

const FETCH_TIMEOUT_MS = 2_500;
const fetchingKey = (id: string) => `gatehouse:fetching:${id}`;

/** Issuers as their records say. Fetched keys go into the copy in Redis alone: the refresh writes them where they last. */
export const issuerSource = (records: Records, fetchKeys: FetchKeys, nowMs: Clock): IssuerSource => ({
  nowMs,
  read: (id) => readRecord(records, id, IssuerRecord),
  async refetch(id, record) {
    const first = await records.redis.call('SET', fetchingKey(id), '1', 'EX', FETCH_AGAIN_SECONDS, 'NX');
    if (first !== 'OK') return undefined;
    const answer = await fetchKeys(record.settings, FETCH_TIMEOUT_MS);
    if (!answer.ok) throw new Error(answer.detail);
    const fetched = { ...record, keys: answer.keys, fetchedAtSeconds: Math.floor(nowMs() / 1000) };
    await putCopy(records, id, fetched);
    return fetched;
  },
});
