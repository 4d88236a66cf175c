import type { SubgraphSettings } from '../shared/graph/subgraph-settings';
import type { Send } from '../shared/http/send';
import type { Commands } from '../shared/stores/redis';
import { type KnownOperations, knownOperations } from './known';
import type { Planner } from './planning/planner.lazy';
import { subgraphs } from './subgraphs';

/** One version of the federated graph, as the registry publishes it. */
export interface Artifact {
  readonly version: string;
  /** Where each subgraph is. */
  readonly urls: Readonly<Record<string, string>>;
  /** How each is asked, where that was said. */
  readonly settings?: Readonly<Record<string, SubgraphSettings>>;
  /** The composed supergraph's SDL: only who plans needs it. */
  supergraph(): Promise<string>;
}

/** One version of the graph with what this environment knows of it. A request ends on the one that it began with. */
export interface LiveGraph {
  readonly version: string;
  readonly known: KnownOperations;
  readonly subgraphs: ReturnType<typeof subgraphs>;
  readonly refuseUnauthorized: boolean;
  /** Whether the stage lets anybody ask for the schema. */
  readonly introspection: boolean;
  /** Loads GraphQL and the planner when it is first asked for. */
  planner(): Promise<Planner>;
}

export interface GraphDeps {
  readonly redis: Commands;
  readonly send: Send;
  readonly planning: { readonly introspection: boolean };
  /** Whether an operation with a field that its caller may not see is refused whole. @default the field is null */
  readonly refuseUnauthorized?: boolean;
}

export function liveGraph(
  artifact: Artifact,
  { redis, send, planning, refuseUnauthorized = false }: GraphDeps,
): LiveGraph {
  let planner: Promise<Planner> | undefined;
  const open = async () => {
    const [{ openPlanner }, supergraph] = await Promise.all([import('./planning/planner.lazy'), artifact.supergraph()]);
    return openPlanner(supergraph);
  };
  return {
    version: artifact.version,
    introspection: planning.introspection,
    known: knownOperations(artifact.version, redis),
    subgraphs: subgraphs(artifact, send),
    refuseUnauthorized,
    planner: () =>
      (planner ??= open().catch((error: unknown) => {
        // The next request tries again.
        planner = undefined;
        throw error;
      })),
  };
}

/** The graph of the current version, or nothing where none is published. */
export type CurrentGraph = () => Promise<LiveGraph | undefined>;
