import { DEFAULT_SUPPORTED_SUPERGRAPH_FEATURES, type Schema, Supergraph } from '@apollo/federation-internals';
import { QueryPlanner } from '@apollo/query-planner';
import type { GraphQLSchema } from 'graphql';
import { RULE_FEATURES } from '../../shared/graph/features';
import { type Rules, rulesOf } from './rules';
import { type Weights, weightsOf } from './weights';

/** A supergraph, ready to plan operations. Holding one takes memory; making one takes time. */
export interface PlannedGraph {
  readonly planner: QueryPlanner;
  /** What callers see: what is inaccessible is not in it. */
  readonly api: Schema;
  readonly schema: GraphQLSchema;
  /** All that subgraphs know. */
  readonly whole: GraphQLSchema;
  /** What it asks of callers; nothing where it asks nothing of anybody. */
  readonly rules: Rules | undefined;
  /** What it says of costs, likewise. */
  readonly weights: Weights | undefined;
}

/** Of ways to fetch an operation that are weighed: by default it is ten thousand, which takes seconds. */
const MOST_PLANS = 1_000;

/** The planner refuses a supergraph with rules, as it knows of nobody who keeps them: guarded.ts does. */
const supportedFeatures = new Set([...DEFAULT_SUPPORTED_SUPERGRAPH_FEATURES, ...RULE_FEATURES]);

/** Throws for what is no supergraph. It came of composition, which has validated it. */
export function plannedGraph(supergraphSdl: string): PlannedGraph {
  const supergraph = Supergraph.build(supergraphSdl, { supportedFeatures, validateSupergraph: false });
  const api = supergraph.apiSchema();
  return {
    planner: new QueryPlanner(supergraph, { debug: { maxEvaluatedPlans: MOST_PLANS } }),
    api,
    schema: api.toGraphQLJSSchema(),
    whole: supergraph.schema.toGraphQLJSSchema(),
    rules: rulesOf(supergraph.schema),
    weights: weightsOf(supergraph.schema),
  };
}
