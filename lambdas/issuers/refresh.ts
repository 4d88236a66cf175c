import * as z from 'zod/mini';
import {
  IssuerRecord,
  issuerRecordId,
  recordOf,
  STAGE_ENTRY,
  STAGE_RECORD,
  StageIssuers,
  TrustedIssuer,
} from '../shared/credentials/issuer';
import type { FetchKeys } from '../shared/credentials/issuer-keys';
import { deleteRecord, putRecord, putVersioned, type Records, readRecord } from '../shared/stores/records';
import type { Sql } from '../shared/stores/tenancy';
import { logger } from '../shared/telemetry';
import { enabled, trustedOf } from './rows';

interface Deps {
  readonly records: Records;
  readonly fetchKeys: FetchKeys;
  nowSeconds(): number;
}

const TIMEOUT_MS = 6_000;
const AT_A_TIME = 20;
const PAGE = 200;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** How lib/issuers.ts writes the issuers of the stage. */
export const SaidByStage = z.array(z.omit(TrustedIssuer, { entry: true, version: true }));

export function refresh({ records, fetchKeys, nowSeconds }: Deps) {
  /** One issuer's record anew. When its keys cannot be fetched those known go on: only that is logged. */
  const renew = async (issuer: TrustedIssuer): Promise<void> => {
    const id = issuerRecordId(issuer.settings);
    const before = await readRecord(records, id, IssuerRecord).catch(() => undefined);
    const known = before?.entry === issuer.entry ? before : { keys: [], fetchedAtSeconds: 0 };
    const answer = await fetchKeys(issuer.settings, TIMEOUT_MS).catch((error: unknown) => ({
      ok: false as const,
      detail: error instanceof Error ? error.message : 'unknown failure',
    }));
    if (!answer.ok) logger.warn('keys not fetched', { issuer: issuer.settings.issuer, reason: answer.detail });
    const keys = answer.ok ? { keys: answer.keys, fetchedAtSeconds: nowSeconds() } : known;
    await putVersioned(records, id, recordOf(issuer, keys, nowSeconds()));
  };

  /** All of them, some at a time; one that fails fails the run, after all others were renewed. */
  const renewAll = async (issuers: readonly TrustedIssuer[]): Promise<void> => {
    const waiting = [...issuers];
    const failures: unknown[] = [];
    const worker = async () => {
      for (let issuer = waiting.shift(); issuer; issuer = waiting.shift())
        await renew(issuer).catch((error: unknown) => failures.push(error));
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, worker));
    if (failures.length > 0) throw new Error(`${failures.length} issuers not renewed`, { cause: failures[0] });
  };

  const ofStage = async () => (await readRecord(records, STAGE_RECORD, StageIssuers))?.issuers ?? [];

  return {
    /** Every issuer that is in use: those of the stage, and those of all organisations. */
    async everything(sql: Sql): Promise<void> {
      const stage = await ofStage();
      await renewAll(stage);
      // The stage was there first, or has come since: what it says of an issuer counts.
      const taken = new Set(stage.map(({ settings }) => issuerRecordId(settings)));
      let after = FIRST_ID;
      for (let rows = await enabled(sql, after, PAGE); rows.length > 0; rows = await enabled(sql, after, PAGE)) {
        await renewAll(rows.map(trustedOf).filter(({ settings }) => !taken.has(issuerRecordId(settings))));
        after = rows.at(-1)?.id ?? after;
      }
    },

    /** At deploy: these are the issuers of the stage from now on. One that is down is there without keys. */
    async stage(said: z.output<typeof SaidByStage>): Promise<void> {
      const issuers = said.map((issuer) => ({ ...issuer, entry: STAGE_ENTRY, version: 0 }));
      const before = await ofStage();
      await putRecord(records, STAGE_RECORD, { issuers });
      const kept = new Set(issuers.map(({ settings }) => issuerRecordId(settings)));
      const gone = before.map(({ settings }) => issuerRecordId(settings)).filter((id) => !kept.has(id));
      for (const id of gone) await deleteRecord(records, id);
      await renewAll(issuers);
    },
  };
}
