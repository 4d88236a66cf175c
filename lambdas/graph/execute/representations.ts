import { textOf } from './json-text';
import { merge } from './merge';
import type { Requirement, Rewrite } from './operation';
import { type Conditions, meets, rewriteAll } from './rewrites';
import { type Data, isObject } from './run';

/** The JSON text of an entity's representation; nothing where the entity lacks what it takes, or is of another type. */
export type Represent = (entity: Data) => string | undefined;

/** How a fetch represents entities: written straight to text where it takes nothing but plain fields of known types. */
export function representBy(
  requires: readonly Requirement[],
  rewrites: readonly Rewrite[] | undefined,
  conditions: Conditions,
): Represent {
  const plain = rewrites ? undefined : plainKeys(requires, conditions);
  if (plain) return (entity) => writePlain(plain.get(entity.__typename), entity);
  return (entity) => {
    const found = select(requires, entity, conditions);
    if (!found?.__typename) return undefined;
    if (rewrites) rewriteAll(rewrites, conditions, found);
    return JSON.stringify(found);
  };
}

type Plain = readonly { readonly key: string; readonly before: string }[];

/** The keys of each type, where the requirements are a list of types with plain fields, and no type is met twice. */
function plainKeys(requires: readonly Requirement[], conditions: Conditions): ReadonlyMap<unknown, Plain> | undefined {
  const keys = new Map<unknown, Plain>();
  for (const part of requires) {
    const plain = plainOf(part);
    if (!plain) return undefined;
    for (const type of new Set([plain.type, ...(conditions[plain.type] ?? [])])) {
      if (keys.has(type)) return undefined;
      keys.set(type, plain.fields);
    }
  }
  return keys;
}

const prefixOf = (key: string, index: number) => `${index === 0 ? '{' : ','}${JSON.stringify(key)}:`;

function plainOf(part: Requirement): { readonly type: string; readonly fields: Plain } | undefined {
  if (part.kind !== 'InlineFragment' || part.typeCondition === undefined) return undefined;
  const names = part.selections.flatMap((field) =>
    field.kind === 'Field' && field.alias === undefined && !field.selections ? [field.name] : [],
  );
  if (names.length < part.selections.length || !names.includes('__typename')) return undefined;
  return { type: part.typeCondition, fields: names.map((key, index) => ({ key, before: prefixOf(key, index) })) };
}

function writePlain(fields: Plain | undefined, entity: Data): string | undefined {
  if (!fields) return undefined;
  let text = '';
  for (const { key, before } of fields) {
    const value = entity[key];
    if (value === undefined) return undefined;
    text += before + textOf(value);
  }
  return `${text}}`;
}

/** As @apollo/gateway's `executeSelectionSet`: a field that is missing makes a representation of nothing. */
function select(requires: readonly Requirement[], source: unknown, conditions: Conditions): Data | null {
  if (!isObject(source)) return null;
  const found: Data = {};
  for (const part of requires) {
    if (part.kind === 'InlineFragment') {
      if (part.typeCondition === undefined || !meets(conditions, part.typeCondition, source.__typename)) continue;
      const below = select(part.selections, source, conditions);
      if (below) merge(found, below);
      continue;
    }
    const key = part.alias ?? part.name;
    const value = source[key];
    if (value === undefined) return null;
    found[key] = part.selections ? selectIn(part.selections, value, conditions) : value;
  }
  return found;
}

const selectIn = (requires: readonly Requirement[], value: unknown, conditions: Conditions): unknown =>
  Array.isArray(value)
    ? value.map((element) => selectIn(requires, element, conditions))
    : select(requires, value, conditions);
