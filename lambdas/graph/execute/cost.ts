import type { Condition, Json } from './operation';

/** How many objects a list has at most: the largest of the sizes given, else what is assumed. */
export interface Size {
  readonly given: readonly (number | { readonly variable: string; readonly otherwise: number | null })[];
  /** Where none is given. */
  readonly assumed: number;
  /** What a given size is divided by (of a connection, whose list stands below it) or multiplied with (lists of lists). */
  readonly factor: number;
}

/** What a value weighs that a caller gives: as much, and what is in it by its type. */
export interface Weighed {
  readonly weight: number;
  readonly type?: string;
}
/** By input type and field: those that weigh something. */
export type InputWeights = Readonly<Record<string, Readonly<Record<string, Weighed>>>>;

/** How many objects an operation returns at most: a number, or what it depends on. */
export type Cost =
  | number
  | { readonly sum: readonly Cost[] }
  | { readonly most: readonly Cost[] }
  | { readonly size: Size; readonly of: Cost }
  | { readonly when: readonly Condition[]; readonly of: Cost }
  /** What a variable holds; `otherwise` where it is not given. */
  | {
      readonly input: Weighed & { readonly variable: string; readonly otherwise: number };
      readonly types: InputWeights;
    };

/** Sums stop here, so that nested lists cannot overflow. */
export const MOST_OBJECTS = 1_000_000_000;

/** Objects for one token of a caller's limits. */
export const OBJECTS_PER_TOKEN = 100;

/** Whole tokens, at least 1. Takes any variables: nothing in them has been checked. */
export const tokensOf = (cost: Cost, variables: Json): number =>
  Math.max(1, Math.ceil(objectsOf(cost, variables) / OBJECTS_PER_TOKEN));

export function objectsOf(cost: Cost, variables: Json): number {
  if (typeof cost === 'number') return cost;
  if ('sum' in cost)
    return Math.min(
      MOST_OBJECTS,
      cost.sum.reduce<number>((sum, part) => sum + objectsOf(part, variables), 0),
    );
  if ('most' in cost) return Math.max(...cost.most.map((part) => objectsOf(part, variables)));
  if ('size' in cost) return Math.min(MOST_OBJECTS, sizeOf(cost.size, variables) * objectsOf(cost.of, variables));
  if ('input' in cost) return givenIn(cost.input, cost.types, variables);
  return cost.when.every(([variable, wanted]) => variables[variable] !== !wanted) ? objectsOf(cost.of, variables) : 0;
}

function givenIn(
  { variable, otherwise, ...weighed }: Weighed & { readonly variable: string; readonly otherwise: number },
  types: InputWeights,
  variables: Json,
): number {
  const value = Object.hasOwn(variables, variable) ? variables[variable] : undefined;
  return value === undefined ? otherwise : Math.min(MOST_OBJECTS, weightOf(value, weighed, types, 0));
}

/** Deeper than any input is; a value as deep as a request may be long would take the stack. */
const DEEPEST = 50;

function weightOf(value: unknown, { weight, type = '' }: Weighed, types: InputWeights, depth: number): number {
  return weight + inside(value, type, types, depth);
}

function inside(value: unknown, type: string, types: InputWeights, depth: number): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (depth > DEEPEST) return MOST_OBJECTS;
  if (Array.isArray(value))
    return value.reduce<number>((all, element) => all + inside(element, type, types, depth + 1), 0);
  const given = new Map(Object.entries(value));
  return Object.entries(types[type] ?? {}).reduce<number>(
    (all, [field, weighed]) => all + (given.has(field) ? weightOf(given.get(field), weighed, types, depth + 1) : 0),
    0,
  );
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
