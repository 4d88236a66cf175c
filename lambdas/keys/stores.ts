import type { Redis } from 'ioredis';
import { usageKey } from '../shared/access/cache';
import { recordId } from '../shared/credentials/api-key';
import { deleteRecord, putRecord } from '../shared/stores/records';
import type { Deps } from './deps';

/** Records and counts where they are kept. */
export const storesOf = (redis: () => Promise<Redis>, table: string): Pick<Deps, 'records' | 'usage'> => ({
  records: {
    put: async (id, record) => putRecord({ redis: await redis(), table }, recordId(id), record),
    delete: async (id) => deleteRecord({ redis: await redis(), table }, recordId(id)),
  },
  usage: async (organisation, id) => (await redis()).hgetall(usageKey(organisation, `api_key:${id}`)),
});
