import { isDeepStrictEqual } from 'node:util';
import { apolloSide, type GatewayAnswer, type GraphOperation } from './apollo-side';
import { type FederatedGraph } from './compose';
import { randomFaults } from './faults';
import { mendedExecutor } from './mended-apollo';
import { namedGraphs } from './named-graphs';
import { ourSide } from './our-side';
import { type Random, seededRandom } from './random';
import { randomGraph } from './random-graph';
import { randomOperation } from './random-operation';
import { worldOf } from './random-subgraph';

/** How ours and Apollo's answers to many operations compare. */
export interface Comparison {
  same: number;
  /** The same as Apollo's, once what is known to be wrong in it is put right (mended-apollo.ts). */
  mended: number;
  /** Apollo's executor throws where a caller should have had an answer. */
  apolloFailed: number;
  /** Apollo's planner, which is ours too, finds no plan: another operation is drawn. */
  unplanned: number;
  readonly different: string[];
}

const OPERATIONS_OF_A_GRAPH = 40;

/** Runs so many random operations, over random graphs and data, through ours and through @apollo/gateway's executor. */
export async function compareWithApollo(operations: number, seed: number): Promise<Comparison> {
  const random = seededRandom(seed);
  const comparison: Comparison = { same: 0, mended: 0, apolloFailed: 0, unplanned: 0, different: [] };
  const named = namedGraphs();
  for (let done = 0; done < operations; done += OPERATIONS_OF_A_GRAPH) {
    const graph = named[done / OPERATIONS_OF_A_GRAPH] ?? randomGraph(random);
    const compare = comparer(graph);
    const count = Math.min(OPERATIONS_OF_A_GRAPH, operations - done);
    for (let index = 0; index < count; ) {
      const operation = randomOperation(random, graph.apiSchema);
      const outcome = await compare(operation, random);
      if (outcome === undefined) {
        comparison.unplanned += 1;
        continue;
      }
      index += 1;
      if (outcome === 'same' || outcome === 'mended' || outcome === 'apolloFailed') comparison[outcome] += 1;
      else comparison.different.push(outcome);
    }
  }
  return comparison;
}

const mended = mendedExecutor();

function comparer(graph: FederatedGraph) {
  const apollo = apolloSide(graph);
  const better = apolloSide(graph, mended);
  const ours = ourSide(graph);
  const world = worldOf(graph.subgraphs);
  return async (operation: GraphOperation, random: Random): Promise<string | undefined> => {
    const [faults, seed] = [randomFaults(random), random.int(1, 1e6)];
    const plan = planned(() => apollo.plan(operation));
    if (!plan) return undefined;
    const mine = await ours.run(ours.compile(operation, plan), operation.variables, world(seed, faults));
    if (isSame(mine, await answerOf(apollo.run(operation, world(seed, faults), plan)))) return 'same';
    const theirs = await answerOf(better.run(operation, world(seed, faults), plan));
    if (isSame(mine, theirs)) return 'mended';
    if (theirs === undefined) return 'apolloFailed';
    return JSON.stringify(
      { ...difference(mine, theirs), operation, seed, faults, subgraphs: graph.subgraphs },
      null,
      1,
    );
  };
}

function planned<P>(plan: () => P): P | undefined {
  try {
    return plan();
  } catch {
    return undefined;
  }
}

/** Nothing where the executor gives up, and with it what the subgraphs have answered. */
const answerOf = (running: Promise<GatewayAnswer>): Promise<GatewayAnswer | undefined> =>
  running.then((answer) => (answer.data === undefined ? undefined : answer)).catch(() => undefined);

const isSame = (mine: GatewayAnswer, theirs: GatewayAnswer | undefined): boolean =>
  theirs !== undefined &&
  isDeepStrictEqual(mine.data, theirs.data) &&
  isDeepStrictEqual(errorsOf(mine), errorsOf(theirs));

/** Each once, in any order: what Apollo asks for twice fails twice. */
const errorsOf = ({ errors = [] }: GatewayAnswer): string[] =>
  [...new Set(errors.map(({ message, path }) => JSON.stringify([message, path])))].toSorted();

/** Where two answers part. */
function difference(mine: GatewayAnswer, theirs: GatewayAnswer) {
  const [ours, apollos] = [errorsOf(mine), errorsOf(theirs)];
  return {
    data: firstDifference(mine.data, theirs.data, 'data'),
    onlyOurs: ours.filter((error) => !apollos.includes(error)).slice(0, 5),
    onlyApollos: apollos.filter((error) => !ours.includes(error)).slice(0, 5),
  };
}

function firstDifference(mine: unknown, theirs: unknown, path: string): string | undefined {
  if (isDeepStrictEqual(mine, theirs)) return undefined;
  const [left, right] = [entriesOf(mine), entriesOf(theirs)];
  if (!left || !right || Array.isArray(mine) !== Array.isArray(theirs))
    return `${path}: ${JSON.stringify(mine)?.slice(0, 300)} instead of ${JSON.stringify(theirs)?.slice(0, 300)}`;
  const keys = [...new Set([...left.keys(), ...right.keys()])];
  const found = keys.map((key) => firstDifference(left.get(key), right.get(key), `${path}.${key}`));
  return found.find((place) => place !== undefined);
}

const entriesOf = (value: unknown): ReadonlyMap<string, unknown> | undefined =>
  typeof value === 'object' && value !== null ? new Map(Object.entries(value)) : undefined;
