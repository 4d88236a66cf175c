import type { Rewrite } from './operation';
import { type Data, isObject } from './run';

const FRAGMENT = '... on ';

/** The types that meet each condition of a plan, the one it names among them. */
export type Conditions = Readonly<Record<string, readonly unknown[]>>;

export const meets = (conditions: Conditions, condition: string, typename: unknown): boolean =>
  condition === typename || (conditions[condition]?.includes(typename) ?? false);

/**
 * What a plan changes in representations and answers: fields that were renamed in a subgraph's query, as their types do not
 * agree there, and types that a subgraph knows by another name (`@interfaceObject`).
 */
export function rewriteAll(rewrites: readonly Rewrite[], conditions: Conditions, value: unknown): void {
  for (const rewrite of rewrites) at(value, rewrite.path, 0, conditions, effectOf(rewrite));
}

type Effect = (object: Data, key: string) => void;

const effectOf = (rewrite: Rewrite): Effect =>
  rewrite.kind === 'ValueSetter'
    ? (object, key) => {
        object[key] = rewrite.setValueTo;
      }
    : (object, key) => {
        if (!object[key]) return;
        object[rewrite.renameKeyTo] = object[key];
        object[key] = undefined;
      };

function at(value: unknown, path: readonly string[], index: number, conditions: Conditions, effect: Effect): void {
  if (Array.isArray(value)) {
    for (const element of value) at(element, path, index, conditions, effect);
    return;
  }
  const step = path[index];
  if (!isObject(value) || step === undefined) return;
  if (index === path.length - 1) effect(value, step);
  else if (!step.startsWith(FRAGMENT)) at(value[step], path, index + 1, conditions, effect);
  else if (!value.__typename || meets(conditions, step.slice(FRAGMENT.length), value.__typename))
    at(value, path, index + 1, conditions, effect);
}
