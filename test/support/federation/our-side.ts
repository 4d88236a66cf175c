import type { QueryPlan } from '@apollo/query-planner';
import { Kind, parse } from 'graphql';
import { runnable } from '../../../lambdas/graph/execute/execute';
import type { Operation } from '../../../lambdas/graph/execute/operation';
import type { Ask } from '../../../lambdas/graph/execute/run';
import { withPlan } from '../../../lambdas/graph/planning/compile';
import { plannedGraph } from '../../../lambdas/graph/planning/schemas';
import type { GatewayAnswer, GraphOperation } from './apollo-side';
import type { FederatedGraph } from './compose';
import type { Subgraph } from './random-subgraph';

export interface OurSide {
  /** With a plan that has been made already, so that making it is not counted twice. */
  compile(operation: GraphOperation, plan: QueryPlan): Operation;
  run(
    operation: Operation,
    variables: GraphOperation['variables'],
    subgraphs: Readonly<Record<string, Subgraph>>,
  ): Promise<GatewayAnswer & { readonly calls: number }>;
}

/** Our planning and our executor, as the graph function puts them together, without HTTP. */
export function ourSide({ supergraphSdl }: Pick<FederatedGraph, 'supergraphSdl'>): OurSide {
  const graph = plannedGraph(supergraphSdl);
  return {
    compile({ query, operationName, variables }, plan) {
      const document = parse(query);
      const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
      const operation = operations.find(({ name }) => operationName === undefined || name?.value === operationName);
      if (!operation) throw new Error('there is no such operation');
      // As it comes out of Redis.
      const json: Operation = JSON.parse(
        JSON.stringify(withPlan(graph, { document, operation, cost: 1 }, variables, plan)),
      );
      return json;
    },
    async run(operation, variables, subgraphs) {
      let calls = 0;
      const ask: Ask = async (name, body) => {
        calls += 1;
        return answerOf(subgraphs[name], body);
      };
      const answer: GatewayAnswer = JSON.parse(await runnable(operation).run(ask, variables));
      return { ...answer, calls };
    },
  };
}

async function answerOf(subgraph: Subgraph | undefined, body: string) {
  try {
    if (!subgraph) throw new Error('there is no such subgraph');
    const answer = await subgraph.execute(JSON.parse(body));
    const { data = null, errors } = answer;
    return {
      data,
      ...(errors && {
        errors: errors.map(({ message, path, extensions }) => ({
          message,
          ...(path && { path }),
          ...(extensions && { extensions }),
        })),
      }),
    };
  } catch (error) {
    return { errors: [{ message: error instanceof Error ? error.message : String(error) }], isAway: true };
  }
}
