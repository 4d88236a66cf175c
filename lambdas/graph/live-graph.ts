import type { RunCommand } from '../shared/stores/redis-line';
import { type KnownOperations, knownOperations } from './known';
import type { Planner } from './planning/planner.lazy';
import type { Send } from './send';
import { subgraphs } from './subgraphs';

/** One version of the federated graph, as the registry publishes it. */
export interface Artifact {
  readonly version: string;
  /** Where each subgraph is. */
  readonly urls: Readonly<Record<string, string>>;
  /** The composed supergraph's SDL: only who plans needs it. */
  supergraph(): Promise<string>;
}

/** One version of the graph with what this environment knows of it. A request ends on the one that it began with. */
export interface LiveGraph {
  readonly version: string;
  readonly known: KnownOperations;
  readonly subgraphs: ReturnType<typeof subgraphs>;
  /** Whether the stage lets anybody ask for the schema. */
  readonly introspection: boolean;
  /** Loads GraphQL and the planner when it is first asked for. */
  planner(): Promise<Planner>;
}

export interface GraphDeps {
  readonly run: RunCommand;
  readonly send: Send;
  readonly planning: { readonly introspection: boolean };
}

export function liveGraph(artifact: Artifact, { run, send, planning }: GraphDeps): LiveGraph {
  let planner: Promise<Planner> | undefined;
  const open = async () => {
    const [{ openPlanner }, supergraph] = await Promise.all([import('./planning/planner.lazy'), artifact.supergraph()]);
    return openPlanner(supergraph);
  };
  return {
    version: artifact.version,
    introspection: planning.introspection,
    known: knownOperations(artifact.version, run),
    subgraphs: subgraphs(artifact.urls, send),
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
