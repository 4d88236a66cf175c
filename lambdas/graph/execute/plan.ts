import { type Context, entityFetch, queryOf, rootFetch, type Step } from './fetch';
import type { Fetch, Operation, Plan } from './operation';
import { type Data, isObject } from './run';

/** Makes a plan into a function, which is run for the response's root. */
export function linkPlan({ plan, conditions, defaults }: Operation): Step | undefined {
  if (!plan) return undefined;
  const queries = fetchesOf(plan).map(queryOf);
  const repeated = new Set(queries.filter((query, index) => queries.indexOf(query) < index));
  return link(plan, { conditions, defaults, repeated }, []);
}

function fetchesOf(plan: Plan): Fetch[] {
  if (plan.kind === 'Fetch') return [plan];
  if (plan.kind === 'Flatten') return fetchesOf(plan.node);
  if (plan.kind === 'Condition') return [plan.ifTrue, plan.ifFalse].flatMap((part) => (part ? fetchesOf(part) : []));
  return plan.nodes.flatMap(fetchesOf);
}

/** `path` leads from the response's root to the objects that this part is run for. */
function link(plan: Plan, context: Context, path: readonly string[]): Step {
  switch (plan.kind) {
    case 'Sequence':
      return sequence(plan.nodes.map((node) => link(node, context, path)));
    case 'Parallel':
      return parallel(plan.nodes.map((node) => link(node, context, path)));
    case 'Flatten':
      return flattened(plan.path, link(plan.node, context, [...path, ...plan.path]));
    case 'Condition': {
      const ifTrue = plan.ifTrue && link(plan.ifTrue, context, path);
      const ifFalse = plan.ifFalse && link(plan.ifFalse, context, path);
      const { variable } = plan;
      return (run, targets) => {
        const step = (run.variables[variable] ?? context.defaults[variable]) === true ? ifTrue : ifFalse;
        return step?.(run, targets);
      };
    }
    default:
      return (plan.requires ? entityFetch : rootFetch)(plan, path, context);
  }
}

const sequence =
  (steps: readonly Step[]): Step =>
  async (run, targets) => {
    for (const step of steps) await step(run, targets);
  };

const parallel =
  (steps: readonly Step[]): Step =>
  async (run, targets) => {
    await Promise.all(steps.map(async (step) => step(run, targets)));
  };

const flattened =
  (path: readonly string[], step: Step): Step =>
  (run, targets) => {
    const found: Data[] = [];
    for (const target of targets) collect(target, path, 0, found);
    return found.length > 0 ? step(run, found) : undefined;
  };

/** The objects at the end of the path; what is null on the way leads nowhere. */
function collect(value: unknown, path: readonly string[], index: number, found: Data[]): void {
  if (Array.isArray(value)) {
    const next = path[index] === '@' ? index + 1 : index;
    for (const element of value) collect(element, path, next, found);
    return;
  }
  if (!isObject(value)) return;
  const step = path[index];
  if (step === undefined) found.push(value);
  else collect(value[step], path, index + 1, found);
}
