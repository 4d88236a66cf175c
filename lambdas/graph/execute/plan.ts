import { entityFetch, rootFetch, type Step } from './fetch';
import type { Operation, Plan } from './operation';
import { type Data, isObject } from './run';

type Context = Pick<Operation, 'conditions' | 'defaults'>;

/** Makes a plan's parts into functions. `path` leads from the response's root to the objects that they are run for. */
export function linkPlan(plan: Plan, context: Context, path: readonly string[] = []): Step {
  switch (plan.kind) {
    case 'Sequence':
      return sequence(plan.nodes.map((node) => linkPlan(node, context, path)));
    case 'Parallel':
      return parallel(plan.nodes.map((node) => linkPlan(node, context, path)));
    case 'Flatten':
      return flattened(plan.path, linkPlan(plan.node, context, [...path, ...plan.path]));
    case 'Condition': {
      const ifTrue = plan.ifTrue && linkPlan(plan.ifTrue, context, path);
      const ifFalse = plan.ifFalse && linkPlan(plan.ifFalse, context, path);
      const { variable } = plan;
      return (run, targets) => {
        const step = (run.variables[variable] ?? context.defaults[variable]) === true ? ifTrue : ifFalse;
        return step?.(run, targets);
      };
    }
    default:
      return (plan.requires ? entityFetch : rootFetch)(plan, path, context.conditions);
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
