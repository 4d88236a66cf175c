import * as z from 'zod/mini';
import type { Sql } from '../shared/stores/tenancy';
import type { TrustedDocument } from './manifest';

const Row = z.object({ id: z.string(), hash: z.string(), name: z.string(), type: z.string() });

/** Without their text. */
export const documentsOfClient = async (sql: Sql, client: string) =>
  z.array(Row).parse((await sql.query(SELECT, [client])).rows);
const SELECT = 'select id, hash, name, kind as type from gatehouse.graph_documents where client = $1 order by name, id';

const Other = z.array(z.object({ id: z.string(), client: z.string() }));
const OTHERS = `select o.id, o.client from jsonb_to_recordset($2::jsonb) as d(id text, hash text)
  join gatehouse.graph_documents o using (id) where o.client <> $1 and o.hash <> d.hash limit 1`;

/** An id by which another client means another document. */
export const takenId = async (sql: Sql, client: string, documents: readonly TrustedDocument[]) =>
  Other.parse((await sql.query(OTHERS, [client, JSON.stringify(documents)])).rows)[0];

const DELETE = 'delete from gatehouse.graph_documents where client = $1';
const INSERT = `insert into gatehouse.graph_documents (client, id, hash, name, kind, body)
  select $1, id, hash, name, kind, body
  from jsonb_to_recordset($2::jsonb) as d(id text, hash text, name text, kind text, body text)`;

export const deleteDocuments = (sql: Sql, client: string) => sql.query(DELETE, [client]);

export async function replaceDocuments(sql: Sql, client: string, documents: readonly TrustedDocument[]): Promise<void> {
  await deleteDocuments(sql, client);
  await sql.query(INSERT, [client, JSON.stringify(documents)]);
}
