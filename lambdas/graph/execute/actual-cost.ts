import { MOST_OBJECTS, OBJECTS_PER_TOKEN, objectsOf } from './cost';
import type { Field, Json, Operation } from './operation';
import { type Data, isObject, SHARED } from './run';
import { isWanted } from './write';

type Costed = Pick<Operation, 'kind' | 'shapes'>;

/** What an operation has cost: counted as it was estimated (planning/cost.ts), with the lists as long as they were. */
export const actualCost = (operation: Costed, data: Data, variables: Json): number =>
  new Counting(operation, variables).root(data);

class Counting {
  /** An entity that stands at several places counts at each, and is looked at once. */
  private readonly counted = new Map<Data, Map<number, number>>();

  constructor(
    private readonly operation: Costed,
    private readonly variables: Json,
  ) {}

  root(data: Data): number {
    // A write costs at least what the REST call would.
    const least = this.operation.kind === 'mutation' ? OBJECTS_PER_TOKEN : 0;
    return this.fields(data, 0, (field, cost) => (field.typename === undefined ? Math.max(least, cost) : cost));
  }

  private fields(data: Data, index: number, rooted = (_: Field, cost: number) => cost): number {
    const shape = this.operation.shapes[index];
    if (!shape) return 0;
    const name = data.__typename;
    const known = typeof name === 'string' && Object.hasOwn(shape.types, name) ? shape.types[name] : undefined;
    let sum = 0;
    for (const field of known ?? shape.untyped)
      if (!field.when || isWanted(field.when, this.variables)) sum += rooted(field, this.field(data, field));
    return Math.min(MOST_OBJECTS, sum);
  }

  private field(data: Data, field: Field): number {
    // It may tell the whole schema, but has called nobody.
    if (field.text !== undefined) return OBJECTS_PER_TOKEN;
    if (field.typename !== undefined || field.isWithheld) return 0;
    const asked = field.asked === undefined ? 0 : objectsOf(field.asked, this.variables);
    return asked + this.value(data[field.key], field, listsIn(field.wrap));
  }

  private value(value: unknown, field: Field, lists: number): number {
    if (value === null || value === undefined) return 0;
    if (lists > 0 && Array.isArray(value))
      return value.reduce<number>((sum, element) => sum + this.value(element, field, lists - 1), 0);
    if (field.shape === undefined) return field.weight ?? 0;
    return isObject(value) ? this.object(value, field.shape) : 0;
  }

  private object(data: Data, index: number): number {
    const known = this.counted.get(data)?.get(index);
    if (known !== undefined) return known;
    const cost = weightOf(this.operation.shapes[index]?.weights, data) + this.fields(data, index);
    if (data[SHARED]) this.counted.set(data, (this.counted.get(data) ?? new Map<number, number>()).set(index, cost));
    return cost;
  }
}

/** @param weights of types that do not count one; `''` is the type of what does not say its own */
function weightOf(weights: Readonly<Record<string, number>> | undefined, { __typename: name }: Data): number {
  const key = typeof name === 'string' ? name : '';
  return weights && Object.hasOwn(weights, key) ? (weights[key] ?? 1) : 1;
}

const listsIn = (wrap = ''): number => wrap.replaceAll('!', '').length;
