import {
  type GraphQLArgument,
  GraphQLEnumType,
  type GraphQLInputField,
  type GraphQLInputType,
  isInputObjectType,
  isListType,
  isNonNullType,
} from 'graphql';
import type { Random } from './random';

/** Draws arguments, and the variables that they use. One is made for each document; its operations share variables. */
export class Variables {
  /** What is sent along. */
  readonly values: Record<string, unknown> = {};
  readonly #declared = new Map<string, { readonly type: string; readonly value: string }>();

  constructor(
    private readonly random: Random,
    /** Starts every name, so that two operations of one document do not share a name by chance. */
    private readonly prefix: string,
  ) {}

  declarations(): string {
    const all = [...this.#declared].map(([name, { type, value }]) => `$${name}: ${type}${value}`);
    return all.length === 0 ? '' : `(${all.join(', ')})`;
  }

  /** `(first: 1, filter: $v0)`, or '' when nothing is given. */
  args(args: readonly GraphQLArgument[]): string {
    const given = args.filter((arg) => mustGive(arg) || this.random.chance(0.6));
    const printed = given.map((arg) => `${arg.name}: ${this.#argument(arg)}`);
    return printed.length === 0 ? '' : `(${printed.join(', ')})`;
  }

  /** `true`, or a variable that is `Boolean!`, or has a default. */
  condition(): string {
    const { random } = this;
    if (random.chance(0.4)) return String(random.chance(0.5));
    const known = [...this.#declared].filter(([, { type }]) => type === 'Boolean!').map(([name]) => name);
    if (known.length > 0 && random.chance(0.6)) return `$${random.pick(known)}`;
    const value = random.pick(['', '', ' = true', ' = false']);
    const name = this.#declare(value !== '' && random.chance(0.5) ? 'Boolean' : 'Boolean!', value);
    if (value === '' || random.chance(0.5)) this.values[name] = random.chance(0.5);
    return `$${name}`;
  }

  #argument(arg: GraphQLArgument | GraphQLInputField): string {
    const { random } = this;
    return random.chance(0.5) ? this.#variable(arg) : this.#literal(arg.type, 2, random.chance(0.4));
  }

  /** A variable of the very type: with a value, with a default, with null, or with nothing at all. */
  #variable({ type }: GraphQLArgument | GraphQLInputField): string {
    const { random } = this;
    const printed = String(type);
    const known = [...this.#declared].filter(([, declared]) => declared.type === printed).map(([name]) => name);
    if (known.length > 0 && random.chance(0.4)) return `$${random.pick(known)}`;
    const value = random.chance(0.35) ? ` = ${this.#literal(type, 2, false)}` : '';
    // A nullable variable may stand in a non-null place when it has a default.
    const loose = value !== '' && random.chance(0.5) ? printed.replace(/!$/, '') : printed;
    const name = this.#declare(loose, value);
    const nullable = !isNonNullType(type);
    if ((nullable || value !== '') && random.chance(0.35)) return `$${name}`;
    this.values[name] = nullable && random.chance(0.3) ? null : plain(random, type, 2);
    return `$${name}`;
  }

  #declare(type: string, value: string): string {
    const name = `${this.prefix}${this.#declared.size}`;
    this.#declared.set(name, { type, value });
    return name;
  }

  /** A literal, whose parts may be variables where `open`. */
  #literal(type: GraphQLInputType, depth: number, open: boolean): string {
    const { random } = this;
    if (isNonNullType(type)) return this.#literal(type.ofType, depth, open);
    if (isListType(type)) {
      const inner: GraphQLInputType = type.ofType;
      return `[${list(random, () => this.#literal(inner, depth, open)).join(', ')}]`;
    }
    if (isInputObjectType(type)) return `{ ${this.#fields(Object.values(type.getFields()), depth, open).join(', ')} }`;
    if (type instanceof GraphQLEnumType) return random.pick(type.getValues()).name;
    return literal(leaf(random, type.name));
  }

  #fields(fields: readonly GraphQLInputField[], depth: number, open: boolean): string[] {
    const given = fields.filter((field) => mustGive(field) || (depth > 0 && this.random.chance(0.4)));
    return given.map((field) => {
      if (open && this.random.chance(0.4)) return `${field.name}: ${this.#variable(field)}`;
      if (!isNonNullType(field.type) && this.random.chance(0.15)) return `${field.name}: null`;
      return `${field.name}: ${this.#literal(field.type, depth - 1, open)}`;
    });
  }
}

const mustGive = ({ type, defaultValue }: GraphQLArgument | GraphQLInputField) =>
  isNonNullType(type) && defaultValue === undefined;

const list = <T>(random: Random, element: () => T): T[] => Array.from({ length: random.int(0, 2) }, element);

/** A value of an input type, as callers send it. */
function plain(random: Random, type: GraphQLInputType, depth: number): unknown {
  if (isNonNullType(type)) return plain(random, type.ofType, depth);
  if (isListType(type)) {
    const inner: GraphQLInputType = type.ofType;
    return list(random, () => plain(random, inner, depth));
  }
  if (type instanceof GraphQLEnumType) return random.pick(type.getValues()).name;
  if (!isInputObjectType(type)) return leaf(random, type.name);
  const given = Object.values(type.getFields()).filter((f) => mustGive(f) || (depth > 0 && random.chance(0.4)));
  return Object.fromEntries(given.map((field) => [field.name, plainField(random, field, depth)]));
}

const plainField = (random: Random, { type }: GraphQLInputField, depth: number) =>
  !isNonNullType(type) && random.chance(0.15) ? null : plain(random, type, depth - 1);

function leaf(random: Random, name: string): unknown {
  switch (name) {
    case 'Int':
      return random.int(-3, 9);
    case 'Float':
      return random.int(-8, 8) / 4;
    case 'Boolean':
      return random.chance(0.5);
    case 'String':
    case 'ID':
      return random.pick(['a', 'b c', '"quoted"', 'line\nbreak', 'ü']);
    default:
      return random.pick([1, 'made', [1, { a: 'b' }], { of: [true, null] }]);
  }
}

/** JSON with names for keys. */
function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{ ${Object.entries(value)
    .map(([key, inner]) => `${key}: ${literal(inner)}`)
    .join(', ')} }`;
}
