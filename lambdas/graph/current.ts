import { type Artifact, type Current, currentGraph, currentOf, loadArtifact, nameOf } from '../shared/graph/artifact';
import { settingsIn } from '../shared/graph/subgraph-settings';
import type { Redis } from '../shared/stores/redis';
import type { Sql } from '../shared/stores/tenancy';
import { type CurrentGraph, type GraphDeps, type LiveGraph, liveGraph } from './live-graph';

export interface CurrentDeps extends GraphDeps {
  readonly redis: Redis;
  readonly sql: Sql;
  /** A monotonic clock in milliseconds. */
  nowMs(): number;
}

/** So old, what is known is looked at again, beside the request that finds it so. */
const LOOK_AFTER_MS = 1_500;
/** So old, it is looked at first: with few requests, one beside a request would be the next one's gain alone. */
const WAIT_AFTER_MS = 4_000;

/** The graph that the registry has published last. A new version is in use within five seconds; requests under way end on theirs. */
export function currentLiveGraph(deps: CurrentDeps): CurrentGraph {
  const { redis, sql, nowMs } = deps;
  let live: LiveGraph | undefined;
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;

  const take = (current: Current, loaded?: Artifact): void => {
    const { version, subgraphs } = current;
    const name = nameOf(current);
    if (live?.version === name) return;
    const supergraph = async () => (loaded ?? (await loadArtifact(redis, sql, version)))?.supergraph ?? '';
    const urls = Object.fromEntries(subgraphs.map((subgraph) => [subgraph.name, subgraph.url]));
    const settings = Object.fromEntries(subgraphs.map((subgraph) => [subgraph.name, settingsIn(subgraph)]));
    live = subgraphs.length > 0 ? liveGraph({ version: name, urls, settings, supergraph }, deps) : undefined;
  };
  const look = async (): Promise<void> => {
    const current = await currentGraph(redis).catch(() => undefined);
    if (current) return take(current);
    // What is in use stays in use while Redis says nothing: PostgreSQL is asked by who has nothing, and now and then.
    const loaded = await loadArtifact(redis, sql).catch((error: unknown) => {
      if (live) return undefined;
      throw error;
    });
    if (loaded) take(currentOf(loaded), loaded);
  };
  const lookOnce = (): Promise<void> => {
    lookedAtMs = nowMs();
    looking ??= look().finally(() => {
      looking = undefined;
    });
    return looking;
  };
  return async () => {
    const ageMs = nowMs() - lookedAtMs;
    if (!live || ageMs > WAIT_AFTER_MS) await lookOnce();
    else if (ageMs > LOOK_AFTER_MS) lookOnce().catch(() => undefined);
    return live;
  };
}
