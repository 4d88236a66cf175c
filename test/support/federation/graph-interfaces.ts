import type { SubgraphDraft } from './graph-draft';
import { addOwnField, type Drawing, randomReturns } from './graph-fields';
import { addKey, type Entity, entityType, hasId, ID, type Referable } from './graph-types';
import { at } from './random';

/** Interfaces that entities implement; the second one implements the first. */
export function addInterfaces(drawing: Drawing): void {
  const base = addInterface(drawing, 'I0', ['title', 'rank']);
  if (base !== undefined && drawing.random.chance(0.5)) addInterface(drawing, 'I1', ['title', 'rank', 'peer'], base);
}

const INTERFACE_FIELDS: Readonly<Record<string, string>> = { title: 'String', rank: 'Int', peer: 'I0' };

interface Placed {
  readonly name: string;
  readonly owners: readonly SubgraphDraft[];
}

function addInterface(drawing: Drawing, name: string, fields: readonly string[], base?: Placed): Placed | undefined {
  const { random, subgraphs, entities, abstracts } = drawing;
  const able = (base?.owners ?? subgraphs).filter((subgraph) => implementers(entities, subgraph).length > 0);
  const owners = random.subset(able, random.int(1, 2));
  if (owners.length === 0) return undefined;
  // A field that one subgraph's interface lacks is asked of every implementer by itself there.
  const shy = owners.length > 1 && base === undefined && random.chance(0.6);
  for (const [i, owner] of owners.entries()) {
    declareInterface(owner, name, shy && i === 1 ? fields.slice(0, 1) : fields, base);
    const implementing = random.subset(implementers(entities, owner), random.int(1, 3));
    for (const entity of implementing) implementInterface(drawing, owner, entity, name, fields, base);
  }
  abstracts.push({ name, kind: 'abstract', allowed: (subgraph) => owners.includes(subgraph), refer: () => {} });
  return { name, owners };
}

const implementers = (entities: readonly Entity[], subgraph: SubgraphDraft) =>
  entities.filter((entity) => {
    return hasId(entity) && entity.homes.includes(subgraph) && subgraph.fieldOf(entity.name, 'id') !== undefined;
  });

function declareInterface(owner: SubgraphDraft, name: string, fields: readonly string[], base?: Placed): void {
  owner.declare('interface', name).field(name, 'id', { type: 'ID!' });
  if (base !== undefined) owner.implement(name, base.name);
  for (const field of fields) owner.field(name, field, { type: INTERFACE_FIELDS[field] ?? 'String' });
}

function implementInterface(
  { random }: Drawing,
  owner: SubgraphDraft,
  entity: Entity,
  name: string,
  fields: readonly string[],
  base: Placed | undefined,
): void {
  owner.implement(entity.name, name);
  if (base !== undefined) owner.implement(entity.name, base.name);
  for (const field of fields) {
    // Where one implementer says `String!` and another `String`, one selection of both needs an alias.
    const strict = field !== 'peer' && random.chance(0.4) ? '!' : '';
    const type = `${INTERFACE_FIELDS[field] ?? 'String'}${strict}`;
    owner.field(entity.name, field, { type, directives: '@shareable' });
  }
}

/**
 * An interface with a key in one subgraph, where all its implementers are, and an interface object in others, which
 * know the key only and never the implementers.
 */
export function addEntityInterface(drawing: Drawing, implementerWords: () => string[]): void {
  const { random, subgraphs, entities, abstracts } = drawing;
  const [hub, ...others] = random.shuffle(subgraphs);
  if (hub === undefined || others.length === 0) return;
  const objects = others.slice(0, random.int(1, Math.max(1, others.length - 1)));
  const homes = [hub, ...others.filter((other) => !objects.includes(other) && random.chance(0.5))];
  hub.declare('interface', 'J').field('J', 'mark', { type: 'String' });
  addKey(hub, 'J', ID, true);
  const knows = (subgraph: SubgraphDraft) => !objects.includes(subgraph);
  const names = random.chance(0.5) ? ['J0', 'J1'] : ['J0', 'J1', 'J2'];
  for (const name of names) {
    const entity = entityType(name, { keys: [ID], homes, words: implementerWords(), allowed: knows }, random);
    hub.implement(name, 'J').field(name, 'mark', { type: random.pick(['String', 'String!']) });
    entities.push(entity);
  }
  const allowed = (subgraph: SubgraphDraft) => subgraph === hub || objects.includes(subgraph);
  const family: Referable = { name: 'J', kind: 'abstract', allowed, refer: () => {} };
  abstracts.push(family);
  for (const object of objects) {
    addKey(object.declare('type', 'J').direct('J', '@interfaceObject'), 'J', ID, true);
  }
}

/** What the interface objects add to every implementer. */
export function addInterfaceObjectFields(drawing: Drawing): void {
  const { random, subgraphs, entities } = drawing;
  for (const [i, subgraph] of subgraphs.entries()) {
    if (subgraph.fieldOf('J', 'id') === undefined || subgraph.fieldOf('J', 'mark') !== undefined) continue;
    for (let n = random.int(1, 3); n > 0; n--) {
      const { returns, type } = randomReturns(drawing, subgraph);
      returns.refer(subgraph);
      subgraph.field('J', `any${i}${n}`, { type });
    }
    if (random.chance(0.6)) {
      subgraph.field('J', 'mark', { type: 'String', directives: '@external' });
      subgraph.field('J', `mark${i}`, { type: 'String', directives: '@requires(fields: "mark")' });
    }
  }
  for (const entity of entities.filter(({ name }) => name.startsWith('J'))) {
    addOwnField(drawing, entity, at(entity.homes, 0));
  }
}
