import { textOf } from './json-text';
import type { Condition, Field, Json, Operation } from './operation';
import { type Data, isObject, SHARED, WRITTEN } from './run';

/** A field, ready to be written. */
export interface LinkedField {
  readonly key: string;
  /** `"key":` */
  readonly before: string;
  readonly when: readonly (readonly Condition[])[] | undefined;
  /** What is written whatever the subgraphs say: introspection, `__typename`. */
  readonly text: string | undefined;
  /** `__typename` of an object whose type is abstract: there is no such object. */
  readonly isImpossible: boolean;
  /** Not for this caller, and not null: the null goes up. */
  readonly isWithheld: boolean;
  readonly wrap: string;
  /** Of a leaf: whether a value may be written. */
  readonly isValid: ((value: unknown) => boolean) | undefined;
  /** Of an object: what is in it. */
  readonly shape: LinkedShape | undefined;
  readonly source: Field;
}

export interface LinkedShape {
  types: ReadonlyMap<unknown, readonly LinkedField[]>;
}

/** What is written in place of an object or a value that has null where there may be none: the null goes up to its parent. */
export const NOTHING = Symbol('null where there may be none');

/** Links the shapes of an operation by reference, and gives the root's. */
export function linkShapes({ shapes, enums }: Pick<Operation, 'shapes' | 'enums'>): LinkedShape {
  const linked = shapes.map((): LinkedShape => ({ types: new Map() }));
  for (const [index, shape] of shapes.entries()) {
    const fields = (all: readonly Field[]) => all.map((field) => link(field, linked, enums));
    const byType = Object.entries(shape.types).map(([type, all]) => [type, fields(all)] as const);
    const into = linked[index];
    if (into) into.types = new Map<unknown, readonly LinkedField[]>([[undefined, fields(shape.untyped)], ...byType]);
  }
  return linked[0] ?? { types: new Map() };
}

function link(field: Field, shapes: readonly LinkedShape[], enums: Operation['enums']): LinkedField {
  const { key, when, typename, type = '', shape, wrap = '', isWithheld = false } = field;
  const isNull = isWithheld && !wrap.startsWith('!');
  return {
    key,
    before: `${JSON.stringify(key)}:`,
    when,
    text: isNull ? 'null' : (field.text ?? (typeof typename === 'string' ? JSON.stringify(typename) : undefined)),
    isImpossible: typename === null,
    isWithheld: isWithheld && !isNull,
    wrap,
    isValid: shape === undefined ? validity(type, enums) : undefined,
    shape: shape === undefined ? undefined : shapes[shape],
    source: field,
  };
}

/** As @apollo/federation-internals' `isValidLeafValue`. */
function validity(type: string, enums: Operation['enums']): (value: unknown) => boolean {
  switch (type) {
    case 'Int':
      return isInteger;
    case 'Float':
      return (value) => typeof value === 'number';
    case 'String':
      return (value) => typeof value === 'string';
    case 'Boolean':
      return (value) => typeof value === 'boolean';
    case 'ID':
      return (value) => typeof value === 'string' || isInteger(value);
    default: {
      const values = enums[type] && new Set<unknown>(enums[type]);
      return (value) => values?.has(value) ?? true;
    }
  }
}

/** One that JSON writes without an exponent. */
const isInteger = (value: unknown) => typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 1e21;

/** The text of a response's data. */
export class Writer {
  /** Whether something was no value of its type, or null where there may be none. */
  hasFaults = false;

  constructor(private readonly variables: Json) {}

  object(data: Data, shape: LinkedShape): string | typeof NOTHING {
    const written = data[WRITTEN];
    if (written?.shape === shape) return written.text;
    const fields = shape.types.get(data.__typename);
    if (!fields) return this.fault();
    let text = '{';
    for (const field of fields) {
      if (field.when && !isWanted(field.when, this.variables)) continue;
      const value = field.text ?? this.field(data[field.key], field);
      if (typeof value !== 'string') return NOTHING;
      text += text.length > 1 ? `,${field.before}${value}` : field.before + value;
    }
    text += '}';
    if (data[SHARED]) data[WRITTEN] = { shape, text };
    return text;
  }

  private field(value: unknown, field: LinkedField): string | typeof NOTHING {
    if (field.isImpossible) return this.fault();
    if (field.isWithheld) return NOTHING;
    return this.value(value, field, 0);
  }

  private value(value: unknown, field: LinkedField, depth: number): string | typeof NOTHING {
    const { wrap } = field;
    if (wrap.charCodeAt(depth) === NOT_NULL) {
      const text = value === null || value === undefined ? this.fault() : this.value(value, field, depth + 1);
      return text === 'null' ? NOTHING : text;
    }
    if (value === null || value === undefined) return 'null';
    if (depth < wrap.length) return this.list(value, field, depth + 1);
    if (field.isValid) return field.isValid(value) ? textOf(value) : this.nullFault();
    if (!isObject(value) || !field.shape) return this.nullFault();
    const text = this.object(value, field.shape);
    return text === NOTHING ? 'null' : text;
  }

  private list(value: unknown, field: LinkedField, depth: number): string {
    if (!Array.isArray(value)) return this.nullFault();
    let text = '[';
    for (let index = 0; index < value.length; index += 1) {
      const element = this.value(value[index], field, depth);
      if (element === NOTHING) return 'null';
      text += index > 0 ? `,${element}` : element;
    }
    return `${text}]`;
  }

  private fault(): typeof NOTHING {
    this.hasFaults = true;
    return NOTHING;
  }

  private nullFault(): 'null' {
    this.hasFaults = true;
    return 'null';
  }
}

const NOT_NULL = 33;

export const isWanted = (alternatives: NonNullable<LinkedField['when']>, variables: Json): boolean =>
  alternatives.some((all) => all.every(([variable, wanted]) => variables[variable] === wanted));
