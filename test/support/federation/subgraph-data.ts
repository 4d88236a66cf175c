import {
  GraphQLEnumType,
  type GraphQLOutputType,
  getNamedType,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  Kind,
  type SelectionSetNode,
} from 'graphql';
import { entitiesOf, entityAt, type Family, familiesOf, keyValue, type Source, typeAt } from './families';
import { type Faults, happens } from './faults';
import { at, hashOf } from './random';
import { isRecord, project } from './subgraph-keys';

/** An object of the data. What its fields hold follows from its identity, so every subgraph agrees. */
export interface Thing {
  readonly __typename: string;
  readonly identity: string;
  readonly entity?: { readonly family: Family; readonly number: number };
  /** What a gateway said of it, when it asked for it by reference. */
  readonly representation?: unknown;
}

export const isThing = (value: unknown): value is Thing => isRecord(value) && typeof value['identity'] === 'string';

/** What is slipped into an answer after the subgraph has completed it: a path below the field, and the value there. */
export type Slip = (path: readonly number[], value: unknown) => void;

export interface Asked {
  readonly source: Source;
  readonly seed: number;
  readonly faults: Faults;
  readonly slip: Slip;
  /** Whether another subgraph resolves the field too; an object must then be of a type that all of them know. */
  readonly shared: boolean;
}

/** The data of one graph: every value is a hash of where it is. */
export class GraphData {
  readonly families: ReadonlyMap<string, Family>;
  readonly #candidates = new Map<string, readonly string[]>();

  constructor(readonly sources: readonly Source[]) {
    this.families = familiesOf(sources);
  }

  /** The value of a field, at a place that tells the object, the field and the arguments. */
  value(type: GraphQLOutputType, thing: Thing | undefined, field: string, place: number, asked: Asked): unknown {
    const key = thing?.entity && keyValue(thing.entity.family, thing.entity.number, field, getNamedType(type).name);
    return this.#make(type, place, asked, key, []);
  }

  /** The entity that a representation means, or null when there is none. */
  resolve(typename: string, representation: unknown, asked: Asked): Thing | null {
    const family = this.families.get(typename);
    const keys = asked.source.keys.keys.get(typename) ?? [];
    if (family === undefined) return null;
    for (const number of entitiesOf(family, typename)) {
      const thing = this.#entity(family, typename, number, asked.source);
      if (keys.some((key) => this.#means(representation, key, thing, asked))) return { ...thing, representation };
    }
    return null;
  }

  #make(
    type: GraphQLOutputType,
    place: number,
    asked: Asked,
    key: string | number | undefined,
    path: readonly number[],
    nullable = true,
  ): unknown {
    if (isNonNullType(type)) return this.#make(type.ofType, place, asked, key, path, false);
    const { faults } = asked;
    if (happens(nullable ? faults.nulls : faults.brokenNulls, place, 'null')) return null;
    if (happens(faults.slips, place, 'slip')) slipInto(type, place, asked, path, nullable);
    if (isListType(type)) {
      const element: GraphQLOutputType = type.ofType;
      return elements(place).map((inner, i) => this.#make(element, inner, asked, key, [...path, i]));
    }
    if (isLeafType(type)) return key ?? leafValue(type, place);
    if (isAbstractType(type) && !this.families.has(type.name)) {
      return this.#thing(at(this.#known(type.name, asked), place % this.#known(type.name, asked).length), place, asked);
    }
    return this.#thing(type.name, place, asked);
  }

  #thing(typename: string, place: number, { source }: Asked): Thing {
    const family = this.families.get(typename);
    // Few value objects too: the same entity is then met below several of them.
    if (family === undefined) return { __typename: typename, identity: `${typename}~${place % 7}` };
    return this.#entity(family, typename, entityAt(family, typename, place), source);
  }

  #entity(family: Family, typename: string, number: number, { schema }: Source): Thing {
    const abstract = isAbstractType(schema.getType(typename));
    const identity = `${family.name}#${number}`;
    return { __typename: abstract ? typeAt(family, number) : typename, identity, entity: { family, number } };
  }

  /** The types that an object of an abstract type has. */
  #known(name: string, { source, shared }: Asked): readonly string[] {
    const cached = this.#candidates.get(`${source.name} ${name} ${shared}`);
    if (cached !== undefined) return cached;
    const here = possibleTypes(source, name);
    const all = this.sources.filter(({ schema }) => schema.getType(name) !== undefined);
    const common = here.filter((type) => all.every((other) => possibleTypes(other, name).includes(type)));
    const known = shared && common.length > 0 ? common : here;
    this.#candidates.set(`${source.name} ${name} ${shared}`, known);
    return known;
  }

  #means(representation: unknown, key: SelectionSetNode, thing: Thing, asked: Asked): boolean {
    const meant = this.#select(thing, key, asked);
    return JSON.stringify(project(representation, key)) === JSON.stringify(project(meant, key));
  }

  /** The key of an entity as a well subgraph tells it. */
  #select(thing: Thing, selection: SelectionSetNode, asked: Asked): Record<string, unknown> {
    const { __typename } = thing;
    const selected: Record<string, unknown> = { __typename };
    for (const part of selection.selections) {
      const type = asked.source.schema.getType(__typename);
      if (part.kind !== Kind.FIELD || !type || !('getFields' in type)) continue;
      const field = type.getFields()[part.name.value];
      if (!field || field.name === '__typename' || !('args' in field)) continue;
      const place = placeOf(asked.seed, thing, field.name, {});
      const value = this.value(field.type, thing, field.name, place, asked);
      selected[field.name] =
        part.selectionSet && isThing(value) ? this.#select(value, part.selectionSet, asked) : value;
    }
    return selected;
  }
}

export const placeOf = (seed: number, thing: Thing | string, field: string, args: unknown): number =>
  hashOf(seed, typeof thing === 'string' ? thing : thing.identity, field, JSON.stringify(args));

const possibleTypes = ({ schema }: Source, name: string): string[] => {
  const type = schema.getType(name);
  return isAbstractType(type)
    ? schema
        .getPossibleTypes(type)
        .map((possible) => possible.name)
        .toSorted()
    : [];
};

/** The places of 0 to 4 elements; every third is the place of an earlier one. */
function elements(place: number): number[] {
  const places: number[] = [];
  for (let i = 0; i < hashOf(place, 'length') % 5; i++) {
    const inner = hashOf(place, i);
    places.push(i > 0 && inner % 3 === 0 ? at(places, inner % i) : inner);
  }
  return places;
}

function leafValue(type: GraphQLOutputType, place: number): unknown {
  if (type instanceof GraphQLEnumType) return at(type.getValues(), place % type.getValues().length).name;
  const small = place % 40;
  switch (getNamedType(type).name) {
    case 'Int':
      return small - 5;
    case 'Float':
      return small / 8;
    case 'Boolean':
      return small % 2 === 0;
    case 'ID':
    case 'String':
      return `text ${small}`;
    default:
      return at([small, `made ${small}`, { of: small, in: [{ a: 1 }, null] }, [small, { b: [2] }], false], small % 5);
  }
}

/** A value that the gateway must not pass on: of another type, or null where null is no value. */
function slipInto(type: GraphQLOutputType, place: number, { slip }: Asked, path: readonly number[], nullable: boolean) {
  if (!nullable && happens(0.5, place, 'slip null')) return slip(path, null);
  const wrong: Record<string, unknown> = { Int: 'many', Float: 'half', Boolean: 'yes', String: 12, ID: true };
  if (type instanceof GraphQLEnumType) slip(path, 'NO_SUCH_VALUE');
  else if (isLeafType(type) && type.name in wrong) slip(path, wrong[type.name]);
  else if (!nullable) slip(path, null);
}
