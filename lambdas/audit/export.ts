import * as z from 'zod/mini';
import { placeOf } from '../shared/http/page';
import { Answer, type Call } from '../shared/http/route';
import type { Sql } from '../shared/stores/tenancy';
import { type auditRoutes, MOST_EXPORTED } from './contract';
import { conditionsOf } from './filters';

type Query = Call<(typeof auditRoutes)['exportAudit']>['query'];

/** Of a Lambda's answer, which holds 6 MB: the lines stand in it as one JSON string, their quotes escaped. */
export const MOST_BYTES = 5_000_000;
/** Rows read at a time: a page of large rows is full long before its limit. */
const BATCH = 1000;

const Row = z.object({
  seq: z.coerce.number(),
  at: z.coerce.number(),
  previous: z.string(),
  hash: z.string(),
  record: z.string(),
});
type Row = z.output<typeof Row>;

/** `at` in microseconds since 1970, as it is hashed. */
const COLUMNS = `seq, (extract(epoch from at) * 1000000)::bigint as at, encode(previous, 'hex') as previous,
  encode(hash, 'hex') as hash, record`;

export const CursorKey = z.tuple([z.int()]);

interface Page {
  lines: string[];
  bytes: number;
  last: number | undefined;
  isMore: boolean;
}

/** One page of lines that hold all that a check of the chain needs. */
export async function exportPage(sql: Sql, organisation: string, query: Query, mostBytes = MOST_BYTES) {
  const { cursor, limit = MOST_EXPORTED, ...filters } = query;
  const { after } = placeOf(CursorKey, { cursor });
  const page: Page = { lines: [], bytes: 0, last: after?.[0], isMore: true };
  while (page.isMore && page.lines.length < limit && page.bytes < mostBytes) {
    const wanted = Math.min(BATCH, limit - page.lines.length);
    const conditions = conditionsOf(organisation, filters, { after: page.last, order: 'asc' });
    const rows = await read(sql, conditions, wanted + 1);
    page.isMore = rows.length > wanted;
    fill(page, rows.slice(0, wanted), mostBytes);
  }
  const next = page.isMore && Buffer.from(JSON.stringify([page.last])).toString('base64url');
  return new Answer(page.lines.join(''), next ? { 'x-next-cursor': next } : {});
}

async function read(
  sql: Sql,
  { sql: conditions, values }: ReturnType<typeof conditionsOf>,
  limit: number,
): Promise<Row[]> {
  const { rows } = await sql.query(
    `select ${COLUMNS} from gatehouse.audit_log where ${conditions} order by seq limit $${values.length + 1}`,
    [...values, limit],
  );
  return z.array(Row).parse(rows);
}

/** Adds what fits; the first line of a page always does. */
function fill(page: Page, rows: readonly Row[], mostBytes: number): void {
  for (const row of rows) {
    const line = `${JSON.stringify(row)}\n`;
    const bytes = Buffer.byteLength(JSON.stringify(line));
    if (page.lines.length > 0 && page.bytes + bytes > mostBytes) {
      page.isMore = true;
      page.bytes = mostBytes;
      return;
    }
    page.lines.push(line);
    page.bytes += bytes;
    page.last = row.seq;
  }
}
