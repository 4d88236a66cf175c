import type { QueryPlan } from '@apollo/query-planner';
import { type ApolloSide, apolloSide, type GraphOperation } from './apollo-side';
import type { FederatedGraph } from './compose';
import { type Faults, randomFaults } from './faults';
import { hashOf, type Random, seededRandom } from './random';
import { randomGraph } from './random-graph';
import { randomOperation } from './random-operation';
import { type Subgraph, type World, worldOf } from './random-subgraph';

/** A graph with all that is made once for it. */
export interface Setting {
  readonly graph: FederatedGraph;
  readonly apollo: ApolloSide;
  readonly world: World;
  /** Of the operations: two graphs are not asked for operations of the same shape. */
  readonly seed: number;
}

/** One operation with its plan, and the subgraphs to run it over. */
export interface Case {
  readonly setting: Setting;
  readonly operation: GraphOperation;
  readonly plan: QueryPlan;
  readonly faults: Faults;
  readonly subgraphs: Readonly<Record<string, Subgraph>>;
}

/** What was drawn in vain. */
export interface Rejections {
  readonly graphs: string[];
  readonly operations: string[];
  readonly plans: string[];
}

export const noRejections = (): Rejections => ({ graphs: [], operations: [], plans: [] });

export const settingOf = (graph: FederatedGraph): Setting => ({
  graph,
  apollo: apolloSide(graph),
  world: worldOf(graph.subgraphs, { validate: true }),
  seed: hashOf(graph.supergraphSdl),
});

export function randomSetting(seed: number, rejections = noRejections()): Setting {
  return settingOf(randomGraph(seededRandom(seed), (errors) => rejections.graphs.push(errors.join('\n'))));
}

/** The case of this number, whatever was drawn before it: a failure is told by its seed and number. */
export function randomCase(setting: Setting, number: number, rejections = noRejections()): Case {
  const random = seededRandom(hashOf(setting.seed, number));
  const { operation, plan } = plannedOperation(setting, random, rejections);
  const faults = randomFaults(random);
  return { setting, operation, plan, faults, subgraphs: setting.world(number, faults) };
}

/** Some valid operations over interface objects are more than Apollo's planner can plan; they are drawn again. */
function plannedOperation({ graph, apollo }: Setting, random: Random, rejections: Rejections) {
  for (let attempt = 0; attempt < 50; attempt++) {
    const operation = randomOperation(random, graph.apiSchema, (why) => rejections.operations.push(why));
    try {
      return { operation, plan: apollo.plan(operation) };
    } catch (error) {
      rejections.plans.push(`${String(error)}\n${operation.query}`);
    }
  }
  throw new Error(`none of 50 operations over ${graph.name} is planned`);
}
