import {
  IssuerRecord,
  issuerRecordId,
  recordOf,
  STAGE_RECORD,
  StageIssuers,
  type TrustedIssuer,
} from '../shared/credentials/issuer';
import type { FetchKeys } from '../shared/credentials/issuer-keys';
import type { IssuerSettings } from '../shared/credentials/issuer-settings';
import type { ForeignJwk } from '../shared/credentials/jwk';
import { refuse } from '../shared/errors';
import { deleteRecord, putVersioned, type Records, readRecord } from '../shared/stores/records';

/** Longer than the function that fetches takes, its start included: the caller waits for it. */
const TIMEOUT_MS = 6_000;
const RETRY_AFTER = { 'retry-after': '2' };

const notReady = (detail: string) => (cause: unknown) => refuse('not_ready', detail, { headers: RETRY_AFTER, cause });
const unwritten = notReady('the change is made, and authorizers will know it within ten minutes');

/** What authorizers are told of issuers. */
export function published(records: Records, fetchKeys: FetchKeys, nowSeconds: () => number) {
  return {
    /** The keys of the issuer. Refuses, with what is wrong, when it has none that can be used. */
    async keysOf(settings: IssuerSettings): Promise<readonly ForeignJwk[]> {
      const answer = await fetchKeys(settings, TIMEOUT_MS).catch(notReady('the keys could not be fetched'));
      return answer.ok ? answer.keys : refuse('bad_request', `the issuer is of no use: ${answer.detail}`);
    },
    record: (settings: IssuerSettings) =>
      readRecord(records, issuerRecordId(settings), IssuerRecord).catch(notReady('the keys could not be read')),
    async put(issuer: TrustedIssuer, keys: readonly ForeignJwk[], fetchedAtSeconds = nowSeconds()): Promise<void> {
      const record = recordOf(issuer, { keys: [...keys], fetchedAtSeconds }, nowSeconds());
      await putVersioned(records, issuerRecordId(issuer.settings), record).catch(unwritten);
    },
    remove: (settings: IssuerSettings) => deleteRecord(records, issuerRecordId(settings)).catch(unwritten),
    /** Whether the stage itself trusts this issuer for this audience. */
    async isOfStage(settings: IssuerSettings): Promise<boolean> {
      const stage = await readRecord(records, STAGE_RECORD, StageIssuers).catch(notReady('the keys could not be read'));
      const id = issuerRecordId(settings);
      return stage?.issuers.some((issuer) => issuerRecordId(issuer.settings) === id) ?? false;
    },
  };
}
export type Published = ReturnType<typeof published>;
