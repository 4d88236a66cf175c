import { type Schema, Supergraph } from '@apollo/federation-internals';
import { QueryPlanner } from '@apollo/query-planner';
import type { GraphQLSchema } from 'graphql';

/** A supergraph, ready to plan operations. Holding one takes memory; making one takes time. */
export interface PlannedGraph {
  readonly planner: QueryPlanner;
  /** What callers see: what is inaccessible is not in it. */
  readonly api: Schema;
  readonly schema: GraphQLSchema;
  /** All that subgraphs know. */
  readonly whole: GraphQLSchema;
}

/** Of ways to fetch an operation that are weighed: by default it is ten thousand, which takes seconds. */
const MOST_PLANS = 1_000;

/** Throws for what is no supergraph. It came of composition, which has validated it. */
export function plannedGraph(supergraphSdl: string): PlannedGraph {
  const supergraph = Supergraph.build(supergraphSdl, { validateSupergraph: false });
  const api = supergraph.apiSchema();
  return {
    planner: new QueryPlanner(supergraph, { debug: { maxEvaluatedPlans: MOST_PLANS } }),
    api,
    schema: api.toGraphQLJSSchema(),
    whole: supergraph.schema.toGraphQLJSSchema(),
  };
}
