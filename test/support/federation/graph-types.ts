import type { SubgraphDraft } from './graph-draft';
import { at, type Random } from './random';

/** A type that fields may return. Referring to it from a subgraph puts a definition there, at least a stub. */
export interface Referable {
  readonly name: string;
  readonly kind: 'leaf' | 'value' | 'entity' | 'abstract';
  allowed(subgraph: SubgraphDraft): boolean;
  refer(subgraph: SubgraphDraft): void;
}

const everywhere = () => true;

export const builtIn = (name: string): Referable => ({ name, kind: 'leaf', allowed: everywhere, refer: () => {} });

export function enumType(name: string, values: readonly string[], hidden: boolean): Referable {
  const refer = (subgraph: SubgraphDraft) => {
    subgraph.declare('enum', name);
    for (const value of values) subgraph.field(name, value, {});
    if (hidden) subgraph.field(name, 'HIDDEN', { directives: '@inaccessible' });
  };
  return { name, kind: 'leaf', allowed: everywhere, refer };
}

export const scalarType = (name: string): Referable => ({
  name,
  kind: 'leaf',
  allowed: everywhere,
  refer: (subgraph) => subgraph.declare('scalar', name),
});

/** A value type is whole wherever it is: what one subgraph says of it, no other can add to. */
export function valueType(name: string, fields: readonly (readonly [name: string, wrap: string, type: Referable])[]) {
  const refer = (subgraph: SubgraphDraft) => {
    if (subgraph.has(name)) return;
    subgraph.declare('type', name).direct(name, '@shareable');
    for (const [field, wrap, type] of fields) {
      type.refer(subgraph);
      subgraph.field(name, field, { type: wrap.replace('%', type.name) });
    }
  };
  const kind: Referable['kind'] = 'value';
  return { name, kind, allowed: everywhere, refer };
}

/** A union has other members in every subgraph. */
export function unionType(name: string, members: readonly Referable[], random: Random): Referable {
  const refer = (subgraph: SubgraphDraft) => {
    if (subgraph.has(name)) return;
    const here = random.subset(
      members.filter((member) => member.allowed(subgraph)),
      random.int(1, 3),
    );
    subgraph.declare('union', name).join(
      name,
      here.map((member) => member.name),
    );
    for (const member of here) member.refer(subgraph);
  };
  return { name, kind: 'abstract', allowed: (subgraph) => members.some((member) => member.allowed(subgraph)), refer };
}

export interface Key {
  /** As in `@key(fields: ...)`. */
  readonly selection: string;
  readonly fields: readonly (readonly [name: string, type: string])[];
  readonly types: readonly Referable[];
}

export interface EntityField {
  readonly name: string;
  readonly args: string;
  /** With its list and non-null marks. */
  readonly type: string;
  readonly returns: Referable;
  /** Where the field is defined. The first one resolves it. */
  readonly owners: string[];
}

export interface Entity extends Referable {
  readonly keys: readonly Key[];
  /** The subgraphs that add fields. The first one, the hub, knows every key, so every other one is reached. */
  readonly homes: readonly SubgraphDraft[];
  readonly fields: EntityField[];
  /** The names that its fields may still take. */
  readonly words: string[];
}

export interface EntityParts {
  readonly keys: readonly Key[];
  readonly homes: readonly SubgraphDraft[];
  readonly words: string[];
  allowed?(subgraph: SubgraphDraft): boolean;
}

export function entityType(name: string, parts: EntityParts, random: Random): Entity {
  const { keys, homes, allowed = everywhere } = parts;
  const refer = (subgraph: SubgraphDraft) => {
    if (subgraph.has(name)) return;
    subgraph.declare('type', name);
    addKey(subgraph, name, random.pick(keys), random.chance(0.3));
  };
  const entity: Entity = { ...parts, name, kind: 'entity', allowed, refer, fields: [] };
  for (const home of homes) {
    home.declare('type', name);
    const known = home === homes[0] ? keys : random.subset(keys, random.int(1, keys.length));
    for (const key of known) addKey(home, name, key, true);
  }
  return entity;
}

export function addKey(subgraph: SubgraphDraft, type: string, key: Key, resolvable: boolean): void {
  const { selection, fields, types } = key;
  subgraph.direct(type, `@key(fields: "${selection}"${resolvable ? '' : ', resolvable: false'})`);
  for (const [field, returns] of fields) subgraph.field(type, field, { type: returns });
  for (const used of types) used.refer(subgraph);
}

export const ID: Key = { selection: 'id', fields: [['id', 'ID!']], types: [] };

/** The keys of one entity: 1 to 3 of a plain one, a number, a pair, and one that reaches into another object. */
export function randomKeys(random: Random, owner: Referable | undefined, value: Referable): Key[] {
  const others: Key[] = [
    { selection: 'code', fields: [['code', 'Int!']], types: [] },
    { selection: 'sku region', fields: [['sku', 'String!'], ['region', 'String!']], types: [] }, // biome-ignore format: one key, one line
    { selection: 'part { code } sku', fields: [['part', `${value.name}!`], ['sku', 'String!']], types: [value] }, // biome-ignore format: one key, one line
  ];
  if (owner !== undefined) {
    const fields = [['owner', `${owner.name}!`], ['sku', 'String!']] as const; // biome-ignore format: one key, one line
    others.push({ selection: 'owner { id } sku', fields, types: [withId(owner)] });
  }
  const drawn = random.subset(others, random.weighted({ 0: 4, 1: 4, 2: 2 }) === '0' ? 0 : random.int(1, 2));
  return drawn.length === 0 || random.chance(0.7) ? [ID, ...drawn] : drawn;
}

/** A home may know an entity by its other keys only. */
const withId = (entity: Referable): Referable => ({
  ...entity,
  refer(subgraph) {
    entity.refer(subgraph);
    if (subgraph.fieldOf(entity.name, 'id') === undefined) addKey(subgraph, entity.name, ID, true);
  },
});

export const hasId = (entity: Entity) => at(entity.keys, 0) === ID;
