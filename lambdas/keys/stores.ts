import { usageKey } from '../shared/access/cache';
import { recordId } from '../shared/credentials/api-key';
import { deleteRecord, putRecord } from '../shared/stores/records';
import { commandsOf, type RunCommand } from '../shared/stores/redis-line';
import type { Deps } from './deps';

/** Records and counts where they are kept. */
export function storesOf(run: RunCommand, table: string): Pick<Deps, 'records' | 'usage'> {
  const records = { redis: commandsOf(run), table };
  return {
    records: {
      put: (id, record) => putRecord(records, recordId(id), record),
      delete: (id) => deleteRecord(records, recordId(id)),
    },
    usage: (organisation, id) => run((redis) => redis.hgetall(usageKey(organisation, `api_key:${id}`))),
  };
}
