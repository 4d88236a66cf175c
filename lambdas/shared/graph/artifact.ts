import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { fromJson } from '../json';
import type { Redis } from '../stores/redis';
import { script } from '../stores/script';
import type { Sql } from '../stores/tenancy';
import { SubgraphSettings } from './subgraph-settings';

/*
 * The graph in force. Its home is the newest row of PostgreSQL (`gatehouse.graph_artifacts`), written in the transaction of
 * the publication that it came of. Redis has a copy, and says which version is current: that is what environments of the
 * graph look at, beside requests and never before one.
 */

/** What the graph runs on: composed once, when a subgraph is published. */
export const Artifact = z.object({
  /** Only grows. */
  version: z.int(),
  /** SDL with the join and link specs; `''` while there are no subgraphs. */
  supergraph: z.string(),
  /** Where each is, and how it is asked. */
  subgraphs: z.array(z.object({ name: z.string(), url: z.string(), ...SubgraphSettings.shape })),
});
export type Artifact = z.output<typeof Artifact>;

const CURRENT_KEY = 'gatehouse:graph:current';
const artifactKey = (version: number) => `gatehouse:graph:artifact:${version}`;

/** Long enough that a database which is paused is woken for it now and then, and not for each environment. */
export const COPY_SECONDS = 600;

/** What running operations takes of an artifact: where its subgraphs are, and which graph it is. */
const Current = z.object({
  version: z.int(),
  /** Of the supergraph: another database's version 1 is another graph. */
  digest: z.string(),
  subgraphs: Artifact.shape.subgraphs,
});
export type Current = z.output<typeof Current>;
const CurrentText = z.pipe(fromJson, Current);

/** What belongs to this very graph is kept under this name. */
export const nameOf = ({ version, digest }: Pick<Current, 'version' | 'digest'>): string => `${version}-${digest}`;

export const currentOf = ({ version, supergraph, subgraphs }: Artifact): Current => ({
  version,
  digest: createHash('sha256').update(supergraph).digest('hex').slice(0, 16),
  subgraphs,
});

/** What is in force, as Redis says it; nothing while it says none. Rejects when Redis is away. */
export async function currentGraph(redis: Redis): Promise<Current | undefined> {
  return CurrentText.safeParse(await redis.call('GET', CURRENT_KEY)).data;
}

export const currentVersion = async (redis: Redis): Promise<number | undefined> => (await currentGraph(redis))?.version;

/**
 * An artifact from Redis, else from PostgreSQL, which also tells Redis again what it has lost.
 * @param version the one in force, when it is left out
 * @returns nothing when there is none: no subgraph was ever published
 */
export async function loadArtifact(redis: Redis, sql: Sql, version?: number): Promise<Artifact | undefined> {
  const wanted = version ?? (await currentVersion(redis).catch(() => undefined));
  const copy = wanted === undefined ? undefined : await copyOf(redis, wanted);
  if (copy) return copy;
  const stored = await storedArtifact(sql, version);
  if (!stored) return undefined;
  const tell = version === undefined ? announce : copyArtifact;
  await tell(redis, stored).catch(() => undefined);
  return stored;
}

/** An older version never takes the place of a newer one; anything takes that of what cannot be read. */
const ANNOUNCE = script(`
local old = redis.call('GET', KEYS[1])
if old then
  local ok, version = pcall(function() return cjson.decode(old).version end)
  if ok and type(version) == 'number' and version > tonumber(ARGV[2]) then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[3])
return 1`);

/** Tells all environments of the graph. The artifact goes first: who hears of a version finds it. */
export async function announce(redis: Redis, artifact: Artifact): Promise<void> {
  await copyArtifact(redis, artifact);
  const text = JSON.stringify(currentOf(artifact));
  await ANNOUNCE(redis.insist, [CURRENT_KEY], [text, artifact.version, COPY_SECONDS]);
}

/** Before a change commits: where its own announcement gets lost, no older one is left to be believed. */
export async function forgetCurrent(redis: Redis): Promise<void> {
  await redis.insist.call('DEL', CURRENT_KEY);
}

async function copyOf(redis: Redis, version: number): Promise<Artifact | undefined> {
  const text = await redis.insist.call('GET', artifactKey(version)).catch(() => null);
  return z.pipe(fromJson, Artifact).safeParse(text).data;
}

async function copyArtifact(redis: Redis, artifact: Artifact): Promise<void> {
  const text = JSON.stringify(artifact);
  await redis.insist.call('SET', artifactKey(artifact.version), text, 'EX', COPY_SECONDS);
}

const SELECT = `select version, supergraph, subgraphs from gatehouse.graph_artifacts
  where $1::int is null or version = $1 order by version desc limit 1`;

async function storedArtifact(sql: Sql, version: number | undefined): Promise<Artifact | undefined> {
  const { rows } = await sql.query(SELECT, [version ?? null]);
  return z.array(Artifact).parse(rows)[0];
}
