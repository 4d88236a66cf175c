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
import type { RunCommand } from '../shared/stores/redis-line';

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

const Counts = z.record(z.string(), z.coerce.number());

/** What was run in the last thirty days, the most used first. Rejects while Redis is away. */
export async function usedOperations(run: RunCommand, nowMs: number): Promise<Used[]> {
  const all = new Map<string, { count: number; lastSeenDay: string }>();
  for (let ago = 0; ago < USAGE_DAYS; ago += 1) {
    const day = dayOf(nowMs - ago * DAY_SECONDS * 1000);
    const counts = Counts.parse(await run((redis) => redis.hgetall(usageKey(day)), 'insist'));
    for (const [field, count] of Object.entries(counts)) {
      const known = all.get(field);
      all.set(field, { count: (known?.count ?? 0) + count, lastSeenDay: known?.lastSeenDay ?? day });
    }
  }
  const most = [...all].toSorted(([, a], [, b]) => b.count - a.count).slice(0, MOST);
  const found: Used[] = [];
  for (let from = 0; from < most.length; from += AT_ONCE) {
    const some = most.slice(from, from + AT_ONCE);
    const documents = await Promise.all(some.map(([field]) => documentOf(run, operationOf(field))));
    for (const [index, [field, times]] of some.entries()) {
      const document = documents[index];
      if (document !== undefined) found.push({ ...operationOf(field), ...times, document });
    }
  }
  return found;
}

async function documentOf(run: RunCommand, { hash }: UsedOperation): Promise<string | undefined> {
  const text = await run((redis) => redis.get(usedDocumentKey(hash)), 'insist');
  return text !== null && documentHash(text) === hash ? text : undefined;
}
