import * as z from 'zod/mini';
import { documentHash } from '../shared/graph/documents';
import {
  DAY_SECONDS,
  dayOf,
  operationOf,
  USAGE_DAYS,
  type UsedOperation,
  usageKey,
  usedDocumentKey,
} from '../shared/graph/usage';
import type { Redis } from '../shared/stores/redis';

/** An operation that callers have run, with its document. */
export interface Used extends UsedOperation {
  readonly count: number;
  /** The last day of it, in UTC. */
  readonly lastSeenDay: string;
  readonly document: string;
}

/** The most used; a check validates no more. */
const MOST = 1_000;
/** Asked of Redis at once. */
const AT_ONCE = 50;

const Fields = z.array(z.string());
const Counts = z.array(z.coerce.number());

/** Of one day, by the field of each operation. */
async function countsOf({ insist }: Redis, day: string): Promise<readonly (readonly [field: string, count: number])[]> {
  const fields = Fields.parse(await insist.call('HKEYS', usageKey(day)));
  if (fields.length === 0) return [];
  const counts = Counts.parse(await insist.call('HMGET', usageKey(day), ...fields));
  return fields.map((field, index) => [field, counts[index] ?? 0]);
}

/** What was run in the last thirty days, the most used first. Rejects while Redis is away. */
export async function usedOperations(redis: Redis, nowMs: number): Promise<Used[]> {
  const all = new Map<string, { count: number; lastSeenDay: string }>();
  for (let ago = 0; ago < USAGE_DAYS; ago += 1) {
    const day = dayOf(nowMs - ago * DAY_SECONDS * 1000);
    for (const [field, count] of await countsOf(redis, day)) {
      const known = all.get(field);
      all.set(field, { count: (known?.count ?? 0) + count, lastSeenDay: known?.lastSeenDay ?? day });
    }
  }
  const most = [...all].toSorted(([, a], [, b]) => b.count - a.count).slice(0, MOST);
  const found: Used[] = [];
  for (let from = 0; from < most.length; from += AT_ONCE) {
    const some = most.slice(from, from + AT_ONCE);
    const documents = await Promise.all(some.map(([field]) => documentOf(redis, operationOf(field))));
    for (const [index, [field, times]] of some.entries()) {
      const document = documents[index];
      if (document !== undefined) found.push({ ...operationOf(field), ...times, document });
    }
  }
  return found;
}

async function documentOf(redis: Redis, { hash }: UsedOperation): Promise<string | undefined> {
  const text = await redis.insist.call('GET', usedDocumentKey(hash));
  return typeof text === 'string' && documentHash(text) === hash ? text : undefined;
}
