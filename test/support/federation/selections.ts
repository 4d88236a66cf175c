import {
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isLeafType,
  isObjectType,
  isUnionType,
} from 'graphql';
import type { Variables } from './input-values';
import { at, type Random } from './random';

interface Asked {
  readonly parent: GraphQLNamedType | undefined;
  /** Without the alias. */
  readonly head: string;
  readonly type: string;
}

const overlapsOf = new WeakMap<GraphQLSchema, Map<GraphQLCompositeType, readonly GraphQLCompositeType[]>>();

/** Draws the selections of one operation. Fields of one response path share response keys only where they may. */
export class Selections {
  readonly fragments: { readonly name: string; readonly on: string; readonly body: string }[] = [];
  /** By response path, what each key stands for; more than one where the parents exclude each other. */
  readonly #asked = new Map<string, Map<string, Asked[]>>();
  readonly #overlaps: Map<GraphQLCompositeType, readonly GraphQLCompositeType[]>;
  #aliases = 0;

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly random: Random,
    private readonly variables: Variables,
    /** Starts the names of fragments; without it there are none. */
    private readonly prefix: string | undefined,
    /** How many fields there may still be, roughly. */
    private left: number,
  ) {
    this.#overlaps = overlapsOf.get(schema) ?? new Map();
    overlapsOf.set(schema, this.#overlaps);
  }

  /** The lines between the braces. */
  set(type: GraphQLCompositeType, path: string, depth: number, atLeast = 1): string {
    const count = this.random.int(atLeast, this.left > 5 ? 3 : 2);
    const lines = Array.from({ length: count }, () => this.#selection(type, path, depth));
    return lines.join(' ');
  }

  #selection(type: GraphQLCompositeType, path: string, depth: number): string {
    const { random } = this;
    const fragment = isAbstractType(type) ? 0.65 : 0.15;
    if (random.chance(0.08)) return this.#typename(path);
    if (random.chance(fragment)) return this.#fragment(type, path, depth);
    if (random.chance(0.12)) return this.#again(type, path, depth);
    return this.#field(type, path, depth);
  }

  #typename(path: string): string {
    if (this.random.chance(0.7)) return '__typename';
    const alias = this.random.pick(['kindOf', 'type']);
    return this.#mayAsk(path, alias, { parent: undefined, head: '__typename', type: 'String!' })
      ? `${alias}: __typename`
      : '__typename';
  }

  #fragment(type: GraphQLCompositeType, path: string, depth: number): string {
    const { random } = this;
    const directive = this.#directive(0.15);
    const known = this.fragments.filter(({ on }) => this.#overlapping(type).some(({ name }) => name === on));
    if (known.length > 0 && random.chance(0.15)) return `...${random.pick(known).name}${directive}`;
    if (random.chance(0.1)) return `...${directive} { ${this.set(type, path, depth)} }`;
    const on = random.pick(this.#overlapping(type));
    const body = this.set(on, path, depth);
    if (this.prefix === undefined || random.chance(0.7)) return `... on ${on.name}${directive} { ${body} }`;
    const name = `${this.prefix}${this.fragments.length}`;
    this.fragments.push({ name, on: on.name, body });
    return `...${name}${directive}`;
  }

  #overlapping(type: GraphQLCompositeType): readonly GraphQLCompositeType[] {
    const known = this.#overlaps.get(type) ?? overlapping(this.schema, type);
    this.#overlaps.set(type, known);
    return known;
  }

  /** A field that was asked for under this path already, with other fields below it. */
  #again(type: GraphQLCompositeType, path: string, depth: number): string {
    const before = [...(this.#asked.get(path) ?? [])].flatMap(([key, asked]) =>
      asked.filter(({ parent }) => parent === type).map(({ head }) => ({ key, head })),
    );
    if (before.length === 0) return this.#field(type, path, depth);
    const { key, head } = this.random.pick(before);
    const field = this.#fields(type).find(({ name }) => head === name || head.startsWith(`${name}(`));
    return field === undefined ? '__typename' : this.#print(field, key, head, path, depth);
  }

  #field(type: GraphQLCompositeType, path: string, depth: number): string {
    const { random } = this;
    const fields = this.#fields(type).filter((field) => depth > 0 || isLeafType(getNamedType(field.type)));
    if (fields.length === 0) return '__typename';
    // Two draws, and the one that leads on: most fields are leaves, and leaves alone make no plan.
    const drawn = [random.pick(fields), random.pick(fields)];
    const deep = drawn.find((field) => isCompositeType(getNamedType(field.type)));
    const field = (this.left > 0 ? deep : undefined) ?? at(drawn, 0);
    this.left -= 1;
    const head = `${field.name}${this.variables.args(field.args)}`;
    return this.#print(field, this.#key(type, field, head, path), head, path, depth);
  }

  #key(parent: GraphQLCompositeType, field: GraphQLField<unknown, unknown>, head: string, path: string): string {
    const asked = { parent, head, type: String(field.type) };
    // Never the name of a field: Apollo's planner mistakes `id: name` for the key that it needs.
    const wanted = this.random.chance(0.2) ? this.random.pick(['x', 'y', 'z']) : field.name;
    return this.#mayAsk(path, wanted, asked) ? wanted : this.#fresh(path, asked);
  }

  #fresh(path: string, asked: Asked): string {
    const alias = `a${this.#aliases++}`;
    this.#mayAsk(path, alias, asked);
    return alias;
  }

  /** Notes that the key stands for this under the path, unless it stands for something else there. */
  #mayAsk(path: string, key: string, asked: Asked): boolean {
    const keys = this.#asked.get(path) ?? new Map<string, Asked[]>();
    const others = keys.get(key) ?? [];
    if (!others.every((other) => mayMerge(other, asked))) return false;
    this.#asked.set(path, keys.set(key, [...others, asked]));
    return true;
  }

  #print(
    { name, type }: GraphQLField<unknown, unknown>,
    key: string,
    head: string,
    path: string,
    depth: number,
  ): string {
    const named = getNamedType(type);
    const start = `${key === name ? '' : `${key}: `}${head}${this.#directive(0.1)}`;
    return isCompositeType(named) ? `${start} { ${this.set(named, `${path}.${key}`, depth - 1)} }` : start;
  }

  #fields(type: GraphQLCompositeType): GraphQLField<unknown, unknown>[] {
    return isUnionType(type) ? [] : Object.values(type.getFields());
  }

  #directive(chance: number): string {
    const { random, variables } = this;
    if (!random.chance(chance)) return '';
    const first = random.pick(['skip', 'include']);
    const both = random.chance(0.15) ? ` @${first === 'skip' ? 'include' : 'skip'}(if: ${variables.condition()})` : '';
    return ` @${first}(if: ${variables.condition()})${both}`;
  }
}

/** Two fields of one response key: the same one, or of two objects that are never one, with one type. */
function mayMerge(one: Asked, other: Asked): boolean {
  if (one.type !== other.type) return false;
  if (one.head === other.head) return true;
  return isObjectType(one.parent) && isObjectType(other.parent) && one.parent !== other.parent;
}

/** The types whose objects can be of this type too. Objects are the most: they are what plans split by. */
function overlapping(schema: GraphQLSchema, type: GraphQLCompositeType): GraphQLCompositeType[] {
  const objects = isObjectType(type) ? [type] : schema.getPossibleTypes(type);
  const abstract = Object.values(schema.getTypeMap()).filter(
    (other) => isAbstractType(other) && objects.some((object) => schema.isSubType(other, object)),
  );
  return [...objects, ...objects, ...abstract.filter(isCompositeType)];
}
