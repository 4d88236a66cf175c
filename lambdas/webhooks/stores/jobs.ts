import * as z from 'zod/mini';
import { fromJson } from '../../shared/json';
import { isOver, JobRecord } from '../records/job';
import type { Item, Table } from './table';
import { dueAt } from './waiting';

/** Jobs, in the table of the log: those that are not over stand among what is due. */
export interface Jobs {
  get(organisation: string, id: string): Promise<JobRecord | undefined>;
  /** The newest first; only those made before this one. */
  list(organisation: string, before: string | undefined, limit: number): Promise<readonly JobRecord[]>;
  /** How many are not over. */
  open(organisation: string): Promise<number>;
  /** Writes it as its next version, unless somebody else has written that: nothing then. */
  put(job: JobRecord): Promise<JobRecord | undefined>;
}

/** What keys of jobs begin with. */
export const JOBS = 'job#';
const partitionOf = (organisation: string) => `${JOBS}${organisation}`;

const Stored = z.object({ doc: z.pipe(fromJson, JobRecord) });
const jobIn = (item: Item): JobRecord => Stored.parse(item).doc;

export function jobsIn(table: Table): Jobs {
  return {
    async get(organisation, sk) {
      const item = await table.get({ pk: partitionOf(organisation), sk }, { consistent: true });
      return item && jobIn(item);
    },
    async list(organisation, before = 'job_~', limit) {
      const { items } = await table.query({
        key: { text: 'pk = :pk AND sk < :before', values: { pk: partitionOf(organisation), before } },
        descending: true,
        limit,
      });
      return items.map(jobIn);
    },
    async open(organisation) {
      let count = 0;
      let after: Item | undefined;
      do {
        const page = await table.query({
          key: { text: 'pk = :pk', values: { pk: partitionOf(organisation) } },
          filter: { text: 'attribute_exists(#waits)', names: ['waits'] },
          consistent: true,
          after,
        });
        count += page.items.length;
        after = page.last;
      } while (after);
      return count;
    },
    async put(job) {
      const { organisation, id, version, dueMs, expiresAtSeconds } = job;
      const next = { ...job, version: version + 1 };
      const waiting = isOver(job) ? undefined : dueAt(id, dueMs);
      const done = await table.put(
        { pk: partitionOf(organisation), sk: id },
        {
          version: next.version,
          doc: JSON.stringify(next),
          waits: waiting?.place,
          at: waiting?.at,
          expiresAtSeconds,
        },
        version === 0
          ? { text: 'attribute_not_exists(pk)' }
          : { text: '#version = :before', names: ['version'], values: { before: version } },
      );
      return done ? next : undefined;
    },
  };
}
