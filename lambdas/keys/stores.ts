import * as z from 'zod/mini';
import { usageKey } from '../shared/access/cache';
import { recordId } from '../shared/credentials/api-key';
import { deleteRecord, putRecord } from '../shared/stores/records';
import type { Commands } from '../shared/stores/redis';
import type { Deps } from './deps';

/** Records and counts where they are kept. */
export function storesOf(redis: Commands, table: string): Pick<Deps, 'records' | 'usage'> {
  const records = { redis, table };
  return {
    records: {
      put: (id, record) => putRecord(records, recordId(id), record),
      delete: (id) => deleteRecord(records, recordId(id)),
    },
    usage: async (organisation, id, dates) =>
      Counts.parse(await redis.call('HMGET', usageKey(organisation, `api_key:${id}`), ...dates)).map(Number),
  };
}

/** A day on which nothing was counted has none. */
const Counts = z.array(z.nullable(z.string()));
