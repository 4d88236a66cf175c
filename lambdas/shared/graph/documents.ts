import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import type { Kind } from '../settings/kind';
import type { Sql } from '../stores/tenancy';

/** SHA-256 in hex: what a document is known by. */
export const documentHash = (text: string): string => createHash('sha256').update(text).digest('hex');

/** What one client was built with, published as a whole. */
export const Manifest = z.object({
  client: z.string(),
  /** Of all manifests: the one that brought it. It only grows, over a deletion too. */
  version: z.int(),
  operations: z.int(),
  publishedAt: z.string(),
  publishedBy: z.string(),
});
export type Manifest = z.output<typeof Manifest>;

/** The manifests there are; the documents themselves stand in `gatehouse.graph_documents`. */
export const Manifests = z.object({ manifests: z.array(Manifest) });
export type Manifests = z.output<typeof Manifests>;

export const DOCUMENTS: Kind<Manifests> = { name: 'documents', schema: Manifests };
export const NO_MANIFESTS: Manifests = { manifests: [] };

const Found = z.array(z.object({ body: z.string() }));
const Stored = z.object({ hash: z.string(), body: z.string(), operationName: z.string(), ids: z.array(z.string()) });
export type StoredDocument = z.output<typeof Stored>;
/** An id that looks like a hash is the one of its body: both name the same document. */
const FIND = 'select body from gatehouse.graph_documents where id = $1 or hash = $1 limit 1';

const PAGE = `select hash, min(body) as body, min(name) as "operationName", array_agg(distinct id) as ids
  from gatehouse.graph_documents where hash > $1 group by hash order by hash limit $2`;

/** Published documents, each once with all its ids, by their hash; those behind `after`. */
export const storedDocuments = async (sql: Sql, after: string, limit: number): Promise<StoredDocument[]> =>
  z.array(Stored).parse((await sql.query(PAGE, [after, limit])).rows);

/** The text of a published document, by its id or its SHA-256 in hex. */
export async function storedDocument(sql: Sql, name: string): Promise<string | undefined> {
  return Found.parse((await sql.query(FIND, [name])).rows)[0]?.body;
}
