import type { Json } from './operation';
import { type Data, type GraphError, isObject } from './run';
import { isWanted, type LinkedField, type LinkedShape } from './write';

/*
 * What was wrong with the values that subgraphs gave, for the caller: the second look at a response whose writing met
 * something. As @apollo/gateway's `computeResponse`, which tells it as `extensions.valueCompletion`.
 */

/** Of a value: whether it became null, and whether that has been told. */
type Looked = 'fine' | 'null' | 'told';

export function faultsIn(data: Data, shape: LinkedShape, variables: Json): GraphError[] {
  const look = new Look(variables);
  look.object(data, shape);
  return look.found;
}

class Look {
  readonly found: GraphError[] = [];
  private readonly path: (string | number)[] = [];

  constructor(private readonly variables: Json) {}

  /** False where the object is null for what is in it. */
  object(data: Data, shape: LinkedShape): boolean {
    for (const field of shape.types.get(data.__typename) ?? []) {
      if ((field.when && !isWanted(field.when, this.variables)) || field.text !== undefined) continue;
      // Why it is null is told by an error of its own.
      if (field.isImpossible || field.isWithheld) return false;
      this.path.push(field.key);
      const isFine = this.value(data[field.key], field, 0) === 'fine' || !field.wrap.startsWith('!');
      this.path.pop();
      if (!isFine) return false;
    }
    return true;
  }

  private value(value: unknown, field: LinkedField, depth: number): Looked {
    if (field.wrap[depth] === '!') {
      const looked = value === null || value === undefined ? 'null' : this.value(value, field, depth + 1);
      if (looked === 'null') this.tell(`Cannot return null for non-nullable ${this.place(field, depth + 1)}.`);
      return looked === 'null' ? 'told' : looked;
    }
    if (value === null || value === undefined) return 'null';
    if (depth < field.wrap.length) return this.list(value, field, depth + 1);
    if (field.isValid) return field.isValid(value) ? 'fine' : this.invalid('value', field, depth);
    if (!isObject(value) || !field.shape) return this.invalid('value', field, depth);
    if (!field.shape.types.has(value.__typename)) return this.invalid('__typename', field, depth);
    return this.object(value, field.shape) ? 'fine' : 'told';
  }

  private list(value: unknown, field: LinkedField, depth: number): Looked {
    if (!Array.isArray(value)) return this.invalid('value', field, depth - 1);
    let looked: Looked = 'fine';
    for (const [index, element] of value.entries()) {
      this.path.push(index);
      if (this.value(element, field, depth) === 'told' && field.wrap[depth] === '!') looked = 'told';
      this.path.pop();
    }
    return looked;
  }

  private invalid(what: string, field: LinkedField, depth: number): 'told' {
    this.tell(`Invalid ${what} found for ${this.place(field, depth)}.`);
    return 'told';
  }

  private place({ source }: LinkedField, depth: number): string {
    const last = this.path.at(-1);
    return typeof last === 'number'
      ? `array element of type ${printed(source.type ?? '', source.wrap ?? '', depth)} at index ${last}`
      : `field ${source.of ?? last}`;
  }

  private tell(message: string): void {
    this.found.push({ message, path: [...this.path], extensions: { code: 'INVALID_GRAPHQL' } });
  }
}

/** The type as the schema writes it, from this depth on. */
function printed(named: string, wrap: string, depth: number): string {
  if (depth >= wrap.length) return named;
  const inner = printed(named, wrap, depth + 1);
  return wrap[depth] === '!' ? `${inner}!` : `[${inner}]`;
}
