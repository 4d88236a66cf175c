import * as z from 'zod/mini';
import { Artifact, currentGraph, loadArtifact } from '../shared/graph/artifact';
import { Refused, type Send } from '../shared/http/send';
import { fromJson } from '../shared/json';
import type { Redis } from '../shared/stores/redis';
import type { Sql } from '../shared/stores/tenancy';
import { countSubgraph, logger } from '../shared/telemetry';
import { after, type Check, type Kept, keepHealth, knownHealth } from './health';

interface Deps {
  readonly redis: Redis;
  readonly sql: Sql;
  /** As the graph sends. */
  readonly send: Send;
  /** Milliseconds since 1970. */
  nowMs(): number;
  /** @default 5,000 */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 5_000;
/** As many as there may be are done in 20 s, if none of them answers. */
const AT_A_TIME = 25;
const QUESTION = '{"query":"{__typename}"}';
const Answer = z.object({ data: z.object({ __typename: z.string() }) });

/** Asks each subgraph of the graph in force whether it is there, and keeps what it finds. */
export async function checkSubgraphs(requestId: string, deps: Deps): Promise<void> {
  const { redis } = deps;
  const [subgraphs, before] = await Promise.all([inForce(deps), knownHealth(redis)]);
  const now = new Map<string, Kept>();
  const waiting = [...subgraphs];
  const worker = async () => {
    for (let subgraph = waiting.shift(); subgraph; subgraph = waiting.shift()) {
      const { name, url } = subgraph;
      now.set(name, after(before.get(name), url, await check(subgraph, requestId, deps)));
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  await keepHealth(redis, now);
  for (const [name, { state, sinceAt, checkedAt }] of now)
    if (state === 'up' && sinceAt === checkedAt && before.has(name)) logger.info('subgraph is up', { subgraph: name });
}

type Subgraphs = Artifact['subgraphs'];

async function check({ name, url, principal }: Subgraphs[number], requestId: string, deps: Deps): Promise<Check> {
  const { send, nowMs, timeoutMs = TIMEOUT_MS } = deps;
  const beganMs = nowMs();
  const at = new Date(beganMs).toISOString();
  try {
    Answer.parse(await send({ subgraph: name, url, body: QUESTION, requestId, repeatable: true, timeoutMs }));
    return { at, state: 'up', latencyMs: Math.round(nowMs() - beganMs) };
  } catch (error) {
    if (principal && isTurnedAway(error)) return { at, state: 'up', latencyMs: Math.round(nowMs() - beganMs) };
    countSubgraph('away');
    logger.warn('subgraph is down', { subgraph: name, error: error instanceof Error ? error : 'unknown failure' });
    return { at, state: 'down', latencyMs: null };
  }
}

/** Who wants to be told who asks may answer nobody else: a check asks for nobody. */
const isTurnedAway = (error: unknown) => error instanceof Refused && (error.status === 401 || error.status === 403);

const SEEN_KEY = 'gatehouse:graph:checked';
const SEEN_SECONDS = 86_400;
const Seen = z.pipe(fromJson, Artifact.shape.subgraphs);

/**
 * What Redis announces; while nobody asks the graph, what it announced last. The database is asked once a day at most: a
 * check each minute must not keep it from pausing.
 */
async function inForce({ redis, sql }: Deps): Promise<Subgraphs> {
  const announced = (await currentGraph(redis))?.subgraphs;
  const seen = announced ?? Seen.safeParse(await redis.insist.call('GET', SEEN_KEY)).data;
  const subgraphs = seen ?? (await loadArtifact(redis, sql))?.subgraphs ?? [];
  if (announced || !seen) await redis.insist.call('SET', SEEN_KEY, JSON.stringify(subgraphs), 'EX', SEEN_SECONDS);
  return subgraphs;
}
