import { type Current, currentGraph, loadArtifact, nameOf } from '../shared/graph/artifact';
import { DOCUMENTS, type StoredDocument, storedDocuments } from '../shared/graph/documents';
import { copyKey, parsedCopy } from '../shared/settings/kind';
import type { Redis } from '../shared/stores/redis';
import type { Sql } from '../shared/stores/tenancy';
import { logger } from '../shared/telemetry';
import { PLANNED_SECONDS, plannedKey, renewOperation, storeOperation } from './known';
import type { Planner } from './planning/planner.lazy';
import { isRequestError } from './request-error';
import { copyDocument } from './trusted';

interface Deps {
  readonly redis: Redis;
  readonly sql: Sql;
  openPlanner(supergraph: string): Promise<Planner>;
  /** A monotonic clock in milliseconds. */
  nowMs(): number;
  /** What is not done by then, the next run goes on with. */
  readonly longestMs: number;
}

const PAGE = 100;
/** What Redis shall hold of it: more than clients are built with, and some ten megabytes. */
const MOST_PLANNED = 5_000;

/**
 * Plans the documents that clients have published, for the graph in force, so that nobody who asks for one waits for its
 * plan. What is in force is what Redis announces: while nobody asks the graph, a paused database is not woken for this.
 */
export async function planDocuments(deps: Deps): Promise<void> {
  const { redis, sql, nowMs, longestMs } = deps;
  const endMs = nowMs() + longestMs;
  const [current, copy] = await Promise.all([currentGraph(redis), redis.call('GET', copyKey(DOCUMENTS))]);
  const manifests = parsedCopy(DOCUMENTS, copy);
  if (!current || !manifests || manifests.settings.manifests.length === 0) return;
  const done = plannedKey(nameOf(current), manifests.version);
  if ((await redis.call('GET', done)) !== null) return;
  const planner = await plannerOf(current, deps);
  if (!planner) return;
  let after = '';
  for (let planned = 0; planned < MOST_PLANNED; planned += PAGE) {
    const page = await storedDocuments(sql, after, PAGE);
    for (const document of page) {
      if (nowMs() > endMs) return;
      await plan(document, planner, { redis, graph: nameOf(current), manifests: manifests.version });
    }
    after = page.at(-1)?.hash ?? '';
    if (page.length < PAGE) break;
  }
  await redis.insist.call('SET', done, '1', 'EX', PLANNED_SECONDS);
}

async function plannerOf({ version }: Current, { redis, sql, openPlanner }: Deps): Promise<Planner | undefined> {
  const artifact = await loadArtifact(redis, sql, version);
  return artifact && artifact.supergraph !== '' ? openPlanner(artifact.supergraph) : undefined;
}

interface Place {
  readonly redis: Redis;
  readonly graph: string;
  readonly manifests: number;
}

async function plan(document: StoredDocument, planner: Planner, { redis, graph, manifests }: Place): Promise<void> {
  const { hash, body, operationName, ids } = document;
  for (const name of new Set([hash, ...ids])) await copyDocument(redis.insist, manifests, name, body);
  // It is asked for with the name of its operation, or without.
  const names = operationName === '' ? [undefined] : [undefined, operationName];
  const asked = names.map((name) => ({ query: body, operationName: name }));
  const known = await Promise.all(asked.map((each) => renewOperation(redis.insist, graph, each)));
  if (known.every(Boolean)) return;
  const operation = foreseen(planner, document);
  if (operation) for (const each of asked) await storeOperation(redis.insist, graph, each, operation);
}

/** Nothing of a document that the graph in force would not run: who asks for it is told why. */
function foreseen(planner: Planner, { hash, body }: StoredDocument) {
  try {
    return planner.foresee(body);
  } catch (error) {
    if (!isRequestError(error)) throw error;
    logger.warn('published document cannot be run', { hash, reason: error.errors[0]?.message });
    return undefined;
  }
}
