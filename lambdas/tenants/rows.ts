import * as z from 'zod/mini';
import type { Changes } from '../shared/access/change';
import type { Principal } from '../shared/access/principal';
import { refuse } from '../shared/errors';
import { CreatedUuidKey, page, placeOf } from '../shared/http/page';
import { etag } from '../shared/http/request';
import { Answer } from '../shared/http/route';
import type { Sql } from '../shared/stores/tenancy';

/*
 * The rows of one organisation. Statements select under the names of the answer, so that a row is what a caller may see;
 * $1 is always the organisation. Times are text with all their microseconds: a cursor of a rounded one would skip rows.
 */

type Schema = z.ZodMiniType;

export const time = (column: string, name: string) => `to_json(${column}) #>> '{}' as "${name}"`;
export const times = (table: string) =>
  `${table}.version, ${time(`${table}.created_at`, 'createdAt')}, ${time(`${table}.updated_at`, 'updatedAt')}`;

/** The row that a statement found; else the 404 of what is not there, or is another tenant's. */
export async function one<S extends Schema>(sql: Sql, schema: S, text: string, values: readonly unknown[]) {
  const { rows } = await sql.query(text, values);
  return z.array(schema).parse(rows)[0] ?? refuse('not_found');
}

/** The same for a row that is going to change: locked by the statement, and at the version that `If-Match` named. */
export async function current<S extends z.ZodMiniType<{ readonly version: number }>>(
  tx: Sql,
  schema: S,
  text: string,
  { values, ifMatch }: { readonly values: readonly unknown[]; readonly ifMatch: number | undefined },
): Promise<z.output<S>> {
  const row = await one(tx, schema, text, values);
  if (ifMatch === undefined || ifMatch === row.version) return row;
  return refuse('precondition_failed', `it is at version ${row.version}`);
}

interface Asked {
  readonly principal: Principal;
  readonly query: { readonly limit?: number | undefined; readonly cursor?: string | undefined };
}

/** Part of a list's statement: what comes after the cursor ($2, $3), in the usual order, as far as the limit ($4). */
export const paged = (created: string, id: string) =>
  `and ($2::timestamptz is null or (${created}, ${id}) > ($2, $3::uuid)) order by ${created}, ${id} limit $4`;

/** A page of a list. The values of its own filters begin at $5. */
export async function list<S extends z.ZodMiniType<{ readonly id: string; readonly createdAt: string }>>(
  changes: Changes,
  { principal, query }: Asked,
  schema: S,
  { text, filters = [] }: { readonly text: string; readonly filters?: readonly unknown[] },
) {
  const { limit, after } = placeOf(CreatedUuidKey, query);
  const values = [principal.organisation, ...(after ?? [null, null]), limit + 1, ...filters];
  const { rows } = await changes.read({ principal }, (sql) => sql.query(text, values));
  return page<z.output<S>, z.output<S>>(
    z.array(schema).parse(rows),
    limit,
    (row) => row,
    ({ createdAt, id }) => [createdAt, id],
  );
}

/** An answer with its version as `ETag`. */
export const tagged = <B extends { readonly version: number }>(
  body: B,
  headers: Readonly<Record<string, string>> = {},
) => new Answer(body, { etag: etag(body.version), ...headers });

/** The answer to a creation: what was made, and where it is. */
export const made = <B extends { readonly version: number; readonly id: string }>(collection: string, body: B) =>
  tagged(body, { location: `${collection}/${body.id}` });

const Violation = z.object({ code: z.literal('23505'), constraint: z.string() });

/** For `catch`: a row that is there already is a conflict the caller is told of. */
export const taken =
  (constraint: string, detail: string) =>
  (error: unknown): never => {
    if (Violation.safeParse(error).data?.constraint === constraint) refuse('conflict', detail, { cause: error });
    throw error;
  };

/** A body that is well formed and still wrong, told like one that the contract refuses. */
export const wrong = (name: string, detail: string): never =>
  refuse('bad_request', `body: ${name} ${detail}`, { extensions: { errors: [{ in: 'body', name, detail }] } });
