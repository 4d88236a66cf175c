import type { GraphQLSchema } from 'graphql';
import { isInterfaceType } from 'graphql';
import { at, hashOf } from './random';
import { directLeaves, type SubgraphKeys } from './subgraph-keys';

export interface Source {
  readonly name: string;
  readonly schema: GraphQLSchema;
  readonly keys: SubgraphKeys;
}

/** Few, so that lists meet the same entity again. */
const ENTITIES = 6;

/**
 * Entities that one key can name: those of one type, or of all implementers of an interface with a key. The same
 * number is the same entity in every subgraph, whether it is known there by its type or as an interface object.
 */
export interface Family {
  readonly name: string;
  /** The entity `i` is of the type `types[i % types.length]`. */
  readonly types: readonly string[];
  /** How much of the entity's number a key field tells. */
  readonly parts: ReadonlyMap<string, 'all' | 'low' | 'high'>;
}

/** The family of every type and interface that has a key somewhere. */
export function familiesOf(sources: readonly Source[]): ReadonlyMap<string, Family> {
  const families = new Map<string, Family>();
  for (const name of keyed(sources)) {
    const types = implementers(sources, name);
    if (types.length > 0) addFamily(families, sources, name, types);
  }
  for (const name of keyed(sources)) if (!families.has(name)) addFamily(families, sources, name, [name]);
  return families;
}

function addFamily(families: Map<string, Family>, sources: readonly Source[], name: string, types: readonly string[]) {
  const family = { name, types, parts: keyParts(sources, [name, ...types]) };
  for (const member of [name, ...types]) families.set(member, family);
}

const keyed = (sources: readonly Source[]): Set<string> =>
  new Set(sources.flatMap(({ keys }) => [...keys.keys.keys()]).toSorted());

function implementers(sources: readonly Source[], name: string): string[] {
  const found = sources.flatMap(({ schema }) => {
    const type = schema.getType(name);
    return isInterfaceType(type) ? schema.getPossibleTypes(type).map((possible) => possible.name) : [];
  });
  return [...new Set(found)].toSorted();
}

/** In a key of two fields neither tells the entity alone, unless it is a key by itself. */
function keyParts(sources: readonly Source[], types: readonly string[]): Map<string, 'all' | 'low' | 'high'> {
  const keys = sources.flatMap(({ keys: { keys: known } }) => types.flatMap((type) => known.get(type) ?? []));
  const parts = new Map<string, 'all' | 'low' | 'high'>();
  for (const fields of keys.map(directLeaves).toSorted((one, other) => one.length - other.length)) {
    const [first, second] = fields.filter((field) => !parts.has(field));
    if (first === undefined || fields.some((field) => parts.get(field) === 'all')) continue;
    parts.set(first, second === undefined ? 'all' : 'low');
    if (second !== undefined) parts.set(second, 'high');
  }
  return parts;
}

/** An entity of this type, out of few. */
export function entityAt({ types, name }: Family, type: string, place: number): number {
  if (type === name && !types.includes(type)) return place % ENTITIES;
  const rounds = Math.floor(ENTITIES / types.length);
  return types.indexOf(type) + types.length * (place % rounds);
}

export const typeAt = ({ types }: Family, entity: number): string => at(types, entity % types.length);

/** The entities that a representation of this type can mean. */
export const entitiesOf = (family: Family, type: string): number[] =>
  Array.from({ length: ENTITIES }, (_, entity) => entity).filter(
    (entity) => !family.types.includes(type) || typeAt(family, entity) === type,
  );

/** The value of a key field, or undefined when the field is none. Int keys are numbers, all others are strings. */
export function keyValue(family: Family, entity: number, field: string, leaf: string): string | number | undefined {
  const part = family.parts.get(field);
  if (part === undefined) return undefined;
  const told = { all: entity, low: entity % 3, high: Math.floor(entity / 3) }[part];
  return leaf === 'Int' ? (hashOf(family.name, field) % 1000) * 10 + told : `${family.name}-${field}-${told}`;
}
