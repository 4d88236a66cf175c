import * as z from 'zod/mini';
import type { Kind } from '../settings/kind';

/** Operations in one request, however the graph is set. */
export const MOST_BATCHED = 20;

/** What becomes of who is over: it runs and is counted; its caller is warned too; it is refused. */
const Enforcement = z.enum(['observe', 'warn', 'enforce']);

/** How the graph treats what callers ask: changed by an operator while it runs. */
export const GraphSettings = z.strictObject({
  /**
   * Which documents it runs: any; any, and tells the operator of those that no client has published; those alone that one
   * has; those alone, and only by their id.
   */
  documents: z.enum(['open', 'log-unknown', 'known-only', 'ids-only']),
  /** Of a document over a limit. */
  limits: Enforcement,
  /**
   * Of an operation that costs more than its caller's limits hold. Observed, it spends 1 of them, as any other request.
   * Settings from before it was there have none.
   */
  cost: z.prefault(Enforcement, 'enforce'),
  /** Who may ask for the schema: as the stage was deployed, operators of the platform on any stage, nobody. */
  introspection: z.enum(['stage', 'operators', 'off']),
  /** Whether a request may be a list of operations, and of how many at most. @default it may not */
  batching: z.optional(z.strictObject({ most: z.int().check(z.gte(2), z.lte(MOST_BATCHED)) })),
});
export type GraphSettings = z.output<typeof GraphSettings>;

export const GRAPH: Kind<GraphSettings> = { name: 'graph', schema: GraphSettings };

/** Until an operator sets others. */
export const DEFAULT_GRAPH_SETTINGS: GraphSettings = {
  documents: 'open',
  limits: 'enforce',
  cost: 'enforce',
  introspection: 'stage',
};
