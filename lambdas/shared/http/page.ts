import * as z from 'zod/mini';
import { refuse } from '../errors';
import { fromJson } from '../json';
import { Id } from './id';

/** How a list is asked for: `?limit=50&cursor=…`. */
export const PageQuery = {
  limit: z.optional(
    z.pipe(z.string().check(z.regex(/^\d{1,3}$/)), z.pipe(z.transform(Number), z.int().check(z.gte(1), z.lte(200)))),
  ),
  cursor: z.optional(z.string().check(z.maxLength(300), z.regex(/^[\w-]+$/))),
};

/** One page of a list; `next` is the cursor of the page after it, absent on the last. */
export const pageOf = <S extends z.ZodMiniType>(item: S) =>
  z.object({ items: z.array(item), next: z.optional(z.string()) });

interface Asked {
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

const DEFAULT_LIMIT = 50;

/** Where a page begins: behind the row with this key, in the order of the list. */
export interface Place<K> {
  readonly limit: number;
  readonly after: K | undefined;
}

/** Reads a cursor, which is the sort key of the last row that was shown. Refuses one that is none of ours. */
export function placeOf<S extends z.ZodMiniType>(key: S, { limit = DEFAULT_LIMIT, cursor }: Asked): Place<z.output<S>> {
  if (cursor === undefined) return { limit, after: undefined };
  const parsed = z.pipe(fromJson, key).safeParse(Buffer.from(cursor, 'base64url').toString());
  return parsed.success ? { limit, after: parsed.data } : refuse('bad_request', 'query: cursor is not one of ours');
}

/** A page of `rows`, of which one more than the limit was read to see whether there is more. */
export function page<R, T>(rows: readonly R[], limit: number, item: (row: R) => T, key: (row: R) => unknown) {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const hasMore = rows.length > limit && last !== undefined;
  return {
    items: shown.map(item),
    ...(hasMore && { next: Buffer.from(JSON.stringify(key(last))).toString('base64url') }),
  };
}

/** A time as PostgreSQL writes it in JSON. A cursor is the caller's word: one that PostgreSQL can't read is refused here. */
const Moment = z.iso.datetime({ offset: true }).check(z.regex(/^[12]\d{3}-.*[+-](0\d|1[0-4]):[0-5]\d$/));

/** The usual order: by time of creation, then by id. */
export const CreatedKey = z.tuple([Moment, z.string().check(z.regex(/^[\w-]{1,100}$/))]);
/** The same where ids are UUIDs. */
export const CreatedUuidKey = z.tuple([Moment, Id]);
