import { actualCost } from './actual-cost';
import { faultsIn } from './faults';
import type { Excess, Json, Operation } from './operation';
import { linkPlan } from './plan';
import type { Ask, GraphError, Run } from './run';
import { withheldFrom } from './withheld';
import { linkShapes, Writer } from './write';

/** An operation that can be run, any number of times, at once. */
export interface Runnable {
  readonly operation: Operation;
  /** The JSON text of the response. Never rejects for what subgraphs do; the variables must be valid (variables.ts). */
  run(ask: Ask, variables: Json, beside?: Beside): Promise<string>;
}

/** What a response tells beside its data. */
export interface Beside {
  readonly warnings?: readonly Excess[];
  /** What the operation was estimated to cost: told with what it has cost. */
  readonly estimatedCost?: number | undefined;
}

/** Links an operation once, for all of its runs. */
export function runnable(operation: Operation): Runnable {
  const step = linkPlan(operation);
  const shape = linkShapes(operation);
  const hasDefaults = Object.keys(operation.defaults).length > 0;
  return {
    operation,
    async run(ask, variables, { warnings, estimatedCost } = {}) {
      const decided = hasDefaults ? { ...operation.defaults, ...variables } : variables;
      const errors = withheldFrom(operation, decided);
      const run: Run = { ask: counted, variables, data: {}, errors, waiting: undefined, inFlight: 0 };
      // An `Ask` never rejects.
      async function counted(subgraph: string, body: string, entities?: number): ReturnType<Ask> {
        run.inFlight += 1;
        const answer = await ask(subgraph, body, entities);
        run.inFlight -= 1;
        return answer;
      }
      await step?.(run, [run.data]);
      const writer = new Writer(decided);
      const text = writer.object(run.data, shape);
      const data = typeof text === 'string' ? text : 'null';
      const told = warnings?.length ? [`"warnings":${JSON.stringify(warnings)}`] : [];
      if (estimatedCost !== undefined)
        told.push(`"cost":{"estimated":${estimatedCost},"actual":${actualCost(operation, run.data, decided)}}`);
      if (run.errors.length > 0) return `{"errors":${JSON.stringify(run.errors)},"data":${data}${extensions(told)}}`;
      if (!writer.hasFaults) return `{"data":${data}${extensions(told)}}`;
      return `{"data":${data}${extensions([...completion(faultsIn(run.data, shape, decided)), ...told])}}`;
    },
  };
}

/** A response without an error says here why something in it is null. */
const completion = (faults: readonly GraphError[]): string[] =>
  faults.length > 0 ? [`"valueCompletion":${JSON.stringify(faults)}`] : [];

const extensions = (members: readonly string[]): string =>
  members.length > 0 ? `,"extensions":{${members.join(',')}}` : '';
