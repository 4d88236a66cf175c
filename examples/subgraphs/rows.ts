import DataLoader from 'dataloader';
import * as z from 'zod/mini';

/** What a subgraph asks of PostgreSQL. */
export interface Sql {
  query(statement: string, values?: unknown[]): Promise<{ readonly rows: unknown[] }>;
}

/** The rows of one statement, each parsed. Throws when a row is not of this shape. */
export async function select<S extends z.ZodMiniType>(sql: Sql, row: S, statement: string, values: readonly unknown[]) {
  const { rows } = await sql.query(statement, [...values]);
  return z.array(row).parse(rows);
}

/** One row per id; ids asked for in one tick share one statement, whose `$1` is the array of ids. */
export const byId = <S extends z.ZodMiniType<{ id: string }>>(sql: Sql, row: S, statement: string) =>
  new DataLoader<string, z.output<S> | null>(async (ids) => {
    const rows = await select(sql, row, statement, [ids]);
    const found = new Map(rows.map((each) => [each.id, each]));
    return ids.map((id) => found.get(id) ?? null);
  });

/** All rows that name an id in `column`; ids asked for in one tick share one statement, whose `$1` is the array of ids. */
export const listBy = <C extends string, S extends z.ZodMiniType<Record<C, string>>>(
  sql: Sql,
  row: S,
  column: C,
  statement: string,
) =>
  new DataLoader<string, z.output<S>[]>(async (ids) => {
    const rows = await select(sql, row, statement, [ids]);
    return ids.map((id) => rows.filter((each) => each[column] === id));
  });
