import * as z from 'zod/mini';
import { Artifact } from '../shared/graph/artifact';
import { SubgraphSettings, settingsIn } from '../shared/graph/subgraph-settings';
import type { Sql } from '../shared/stores/tenancy';

const listed = {
  name: z.string(),
  version: z.int(),
  url: z.string(),
  publishedAt: z.string(),
  publishedBy: z.string(),
  restores: z.nullable(z.int()),
  settings: SubgraphSettings,
};
const flat = <T extends { settings: SubgraphSettings }>({ settings, ...row }: T) => ({ ...row, ...settings });
const Listed = z.pipe(z.object(listed), z.transform(flat));
const Published = z.pipe(z.object({ ...listed, sdl: z.string() }), z.transform(flat));
export type Published = z.output<typeof Published>;

const COLUMNS = `v.name, v.version, v.url, to_json(v.published_at) #>> '{}' as "publishedAt",
  v.published_by as "publishedBy", v.restores, v.settings`;
const LIVE = `from gatehouse.subgraphs s join gatehouse.subgraph_versions v using (name, version)
  where s.deleted_at is null`;

/** The subgraphs of the graph, by name. */
export const list = async (sql: Sql) =>
  z.array(Listed).parse((await sql.query(`select ${COLUMNS} ${LIVE} order by name`)).rows);

/** The same with their SDL. */
export const live = async (sql: Sql): Promise<Published[]> =>
  z.array(Published).parse((await sql.query(`select ${COLUMNS}, v.sdl ${LIVE} order by name`)).rows);

export async function find(sql: Sql, name: string): Promise<Published | undefined> {
  const { rows } = await sql.query(`select ${COLUMNS}, v.sdl ${LIVE} and s.name = $1`, [name]);
  return z.array(Published).parse(rows)[0];
}

const VERSIONS = `select ${COLUMNS} from gatehouse.subgraph_versions v
  where v.name = $1 and ($2::int is null or v.version < $2) order by v.version desc limit $3`;

/** Every publication there was, the newest first, also of a subgraph that was deleted. */
export const versions = async (sql: Sql, name: string, before: number | undefined, limit: number) =>
  z.array(Listed).parse((await sql.query(VERSIONS, [name, before ?? null, limit])).rows);

const VERSION = `select ${COLUMNS}, v.sdl from gatehouse.subgraph_versions v where v.name = $1 and v.version = $2`;

export async function findVersion(sql: Sql, name: string, version: number): Promise<Published | undefined> {
  return z.array(Published).parse((await sql.query(VERSION, [name, version])).rows)[0];
}

/** What is published next. */
export interface Draft extends SubgraphSettings {
  readonly name: string;
  readonly url: string;
  readonly sdl: string;
  readonly restores?: number | undefined;
}

/** The next version of its name: it counts on where a deleted subgraph of that name has ended. */
const NUMBER = `insert into gatehouse.subgraphs (name, version) values ($1, 1)
  on conflict (name) do update set version = subgraphs.version + 1, deleted_at = null returning version`;
const INSERT = `insert into gatehouse.subgraph_versions as v (name, version, url, sdl, restores, published_by, settings)
  values ($1, $2, $3, $4, $5, $6, $7) returning ${COLUMNS}, v.sdl`;
const Numbered = z.tuple([z.object({ version: z.int() })]);

export async function insert(sql: Sql, draft: Draft, by: string): Promise<Published> {
  const { name, url, sdl, restores } = draft;
  const [{ version }] = Numbered.parse((await sql.query(NUMBER, [name])).rows);
  const { rows } = await sql.query(INSERT, [name, version, url, sdl, restores ?? null, by, settingsIn(draft)]);
  const [inserted] = z.tuple([Published]).parse(rows);
  return inserted;
}

export const markDeleted = (sql: Sql, name: string) =>
  sql.query('update gatehouse.subgraphs set deleted_at = now() where name = $1', [name]);

const Graph = z.object({
  ...Artifact.shape,
  subgraphs: z.array(z.object({ name: z.string(), url: z.string(), version: z.int(), ...SubgraphSettings.shape })),
  schema: z.string(),
  cause: z.string(),
  createdAt: z.string(),
  createdBy: z.string(),
});
export type Graph = z.output<typeof Graph>;

const GRAPH = `version, supergraph, subgraphs, api_schema as schema, cause, to_json(created_at) #>> '{}' as "createdAt",
  created_by as "createdBy"`;

/** The graph in force; nothing before the first publication. */
export async function latest(sql: Sql): Promise<Graph | undefined> {
  const { rows } = await sql.query(`select ${GRAPH} from gatehouse.graph_artifacts order by version desc limit 1`);
  return z.array(Graph).parse(rows)[0];
}

const INSERT_GRAPH = `insert into gatehouse.graph_artifacts
  (version, supergraph, api_schema, subgraphs, cause, created_by) values ($1, $2, $3, $4, $5, $6) returning ${GRAPH}`;

export async function insertGraph(sql: Sql, graph: Omit<Graph, 'createdAt'>): Promise<Graph> {
  const { version, supergraph, schema, subgraphs, cause, createdBy } = graph;
  const values = [version, supergraph, schema, JSON.stringify(subgraphs), cause, createdBy];
  const [inserted] = z.tuple([Graph]).parse((await sql.query(INSERT_GRAPH, values)).rows);
  return inserted;
}
