import { operationFromDocument } from '@apollo/federation-internals';
import type { GraphQLDataSource } from '@apollo/gateway';
import { executeQueryPlan } from '@apollo/gateway/dist/executeQueryPlan';
import { buildOperationContext } from '@apollo/gateway/dist/operationContext';
import { type QueryPlan, QueryPlanner } from '@apollo/query-planner';
import { GraphQLError, type GraphQLFormattedError, parse } from 'graphql';
import type { FederatedGraph } from './compose';
import type { Subgraph } from './random-subgraph';

// The gateway would report to Apollo that it was loaded.
process.env['APOLLO_TELEMETRY_DISABLED'] = '1';

export interface GraphOperation {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly operationName?: string;
}

export interface GatewayAnswer {
  readonly data?: unknown;
  readonly errors?: readonly GraphQLFormattedError[];
  /** `valueCompletion`: what the gateway found wrong in answers without errors. */
  readonly extensions?: Readonly<Record<string, unknown>>;
}

export interface ApolloSide {
  plan(operation: GraphOperation): QueryPlan;
  /** Runs a plan, which is made unless it is given, over these subgraphs. The answer is as callers get it, as JSON. */
  run(
    operation: GraphOperation,
    subgraphs: Readonly<Record<string, Subgraph>>,
    plan?: QueryPlan,
  ): Promise<GatewayAnswer>;
}

type RequestContext = Parameters<typeof executeQueryPlan>[2];

/** Apollo's own planner and executor, as `ApolloGateway.executor` calls them, without its server and its caches. */
export function apolloSide({ supergraph, apiSchema }: FederatedGraph, execute = executeQueryPlan): ApolloSide {
  // Any plan will do, as both sides run the same one: without the limit one operation in a hundred takes seconds.
  const planner = new QueryPlanner(supergraph, { debug: { maxEvaluatedPlans: 200 } });
  const api = supergraph.apiSchema();
  const supergraphSchema = supergraph.schema.toGraphQLJSSchema();
  const planOf = ({ query, operationName }: GraphOperation) =>
    planner.buildQueryPlan(
      operationFromDocument(api, parse(query), operationName === undefined ? {} : { operationName }),
    );
  return {
    plan: planOf,
    async run(operation, subgraphs, plan = planOf(operation)) {
      const context = requestContext(operation, apiSchema);
      const operationContext = buildOperationContext({
        schema: apiSchema,
        operationDocument: context.document,
        ...(operation.operationName === undefined ? {} : { operationName: operation.operationName }),
      });
      const services = Object.values(subgraphs).map((subgraph) => [subgraph.name, dataSource(subgraph)] as const);
      const result = await execute(
        plan,
        Object.fromEntries(services),
        { ...context, operation: operationContext.operation },
        operationContext,
        supergraphSchema,
        api,
      );
      const answer: GatewayAnswer = JSON.parse(JSON.stringify({ ...result, errors: result.errors?.map(formatted) }));
      return answer;
    },
  };
}

/** A subgraph that is down leaves an `Error`, which JSON would empty. */
const formatted = (error: Error): GraphQLFormattedError =>
  error instanceof GraphQLError ? error.toJSON() : { message: error.message };

/** Every answer of a subgraph is its own copy: this executor merges into what it receives. */
function dataSource(subgraph: Subgraph): GraphQLDataSource {
  return {
    async process({ request: { query = '', variables, operationName } }) {
      // As over the wire: a variable that is changed later has been sent as it was.
      const sent: Readonly<Record<string, unknown>> = JSON.parse(JSON.stringify(variables ?? {}));
      return subgraph.execute({ query, variables: sent, operationName });
    },
  };
}

/** The parts that the executor reads are `request` and `metrics`. */
function requestContext({ query, variables, operationName }: GraphOperation, schema: FederatedGraph['apiSchema']) {
  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  const cache = { get: async () => undefined, set: async () => {}, delete: async () => true };
  return {
    request: { query, variables: { ...variables }, ...(operationName === undefined ? {} : { operationName }) },
    logger: quiet,
    schema,
    schemaHash: Object.assign('', { __fauxpaque: 'SchemaHash' as const }),
    context: {},
    cache,
    queryHash: '',
    document: parse(query),
    source: query,
    operationName: operationName ?? null,
    metrics: {},
    overallCachePolicy: undefined,
  } satisfies Omit<RequestContext, 'operation'>;
}
