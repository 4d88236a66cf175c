import type { Condition, Json } from './operation';

/** How many objects a list has at most: the largest of the sizes given, else what is assumed. */
export interface Size {
  readonly given: readonly (number | { readonly variable: string; readonly otherwise: number | null })[];
  /** Where none is given. */
  readonly assumed: number;
  /** What a given size is divided by (of a connection, whose list stands below it) or multiplied with (lists of lists). */
  readonly factor: number;
}

/** How many objects an operation returns at most: a number, or what it depends on. */
export type Cost =
  | number
  | { readonly sum: readonly Cost[] }
  | { readonly most: readonly Cost[] }
  | { readonly size: Size; readonly of: Cost }
  | { readonly when: readonly Condition[]; readonly of: Cost };

/** Sums stop here, so that nested lists cannot overflow. */
export const MOST_OBJECTS = 1_000_000_000;

/** Objects for one token of a caller's limits. */
export const OBJECTS_PER_TOKEN = 100;

/** What no bucket holds. */
export const MOST_COST = MOST_OBJECTS / OBJECTS_PER_TOKEN;

/** Whole tokens, at least 1. Takes any variables: nothing in them has been checked. */
export const tokensOf = (cost: Cost, variables: Json): number =>
  Math.max(1, Math.ceil(objectsOf(cost, variables) / OBJECTS_PER_TOKEN));

function objectsOf(cost: Cost, variables: Json): number {
  if (typeof cost === 'number') return cost;
  if ('sum' in cost)
    return Math.min(
      MOST_OBJECTS,
      cost.sum.reduce<number>((sum, part) => sum + objectsOf(part, variables), 0),
    );
  if ('most' in cost) return Math.max(...cost.most.map((part) => objectsOf(part, variables)));
  if ('size' in cost) return Math.min(MOST_OBJECTS, sizeOf(cost.size, variables) * objectsOf(cost.of, variables));
  return cost.when.every(([variable, wanted]) => variables[variable] !== !wanted) ? objectsOf(cost.of, variables) : 0;
}

export function sizeOf({ given, assumed, factor }: Size, variables: Json): number {
  const sizes = given.map((size) =>
    typeof size === 'number' ? size : valueOf(size.variable, size.otherwise, variables),
  );
  const known = sizes.flatMap((size) => (typeof size === 'number' && size >= 0 ? [Math.min(size, MOST_OBJECTS)] : []));
  return known.length === 0 ? assumed : Math.max(factor < 1 ? 1 : 0, Math.ceil(Math.max(...known) * factor));
}

const valueOf = (name: string, otherwise: number | null, variables: Json): unknown =>
  Object.hasOwn(variables, name) ? variables[name] : otherwise;
