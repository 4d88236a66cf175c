import { composeGraph, type FederatedGraph } from './compose';
import { SubgraphDraft } from './graph-draft';
import {
  addOwnField,
  addProvides,
  addRequires,
  type Drawing,
  randomArguments,
  randomReturns,
  shareField,
} from './graph-fields';
import { addEntityInterface, addInterfaceObjectFields, addInterfaces } from './graph-interfaces';
import {
  builtIn,
  entityType,
  enumType,
  hasId,
  type Referable,
  randomKeys,
  scalarType,
  unionType,
  valueType,
} from './graph-types';
import { at, type Random } from './random';

const NAMES = ['alpha', 'beta', 'gamma', 'delta', 'epsilon'];

/** Few words, so that different types have fields of one name and different types. */
const WORDS = ['name', 'size', 'tags', 'state', 'near', 'items', 'made', 'note', 'best', 'spare', 'count', 'view'];

/** Draws until a graph composes. `rejected` is called with what composition has against the others. */
export function randomGraph(random: Random, rejected: (errors: readonly string[]) => void = () => {}): FederatedGraph {
  for (let attempt = 0; attempt < 50; attempt++) {
    const { graph, errors } = composeGraph('random', drawSubgraphs(random));
    if (graph !== undefined) return graph;
    rejected(errors);
  }
  throw new Error('none of 50 random graphs composes');
}

function drawSubgraphs(random: Random) {
  const subgraphs = NAMES.slice(0, random.int(2, 5)).map((name) => new SubgraphDraft(name));
  const drawing = drawTypes(random, subgraphs);
  drawFields(drawing);
  drawRoots(drawing);
  drawInaccessible(drawing);
  return subgraphs.map((draft) => ({ name: draft.name, typeDefs: draft.print() }));
}

function drawTypes(random: Random, subgraphs: readonly SubgraphDraft[]): Drawing {
  const kinds = enumType('E0', ['A', 'B', 'C'], random.chance(0.4));
  const scalar = scalarType('S0');
  const leaves = [...['String', 'Int', 'Float', 'Boolean', 'ID'].map(builtIn), kinds, scalar];
  const part = valueType('V0', [['code', '%!', builtIn('String')], ['kind', '%', kinds]]); // biome-ignore format: one line
  const entities: Drawing['entities'] = [];
  const drawing: Drawing = {
    random,
    subgraphs,
    leaves,
    values: [part],
    abstracts: [],
    entities,
    inputs: inputs(kinds, scalar),
  };
  drawEntities(drawing, part);
  const values = [part, drawValue(drawing, part)];
  if (random.chance(0.5)) addEntityInterface(drawing, () => random.shuffle(WORDS));
  if (random.chance(0.7)) addInterfaces(drawing);
  const members = [...entities, ...values];
  drawing.abstracts.push(unionType('U0', random.subset(members, random.int(2, 5)), random));
  return { ...drawing, values };
}

function inputs(...types: readonly Referable[]): Referable {
  const refer = (subgraph: SubgraphDraft) => {
    for (const type of types) type.refer(subgraph);
    subgraph
      .declare('input', 'In0')
      .field('In0', 'min', { type: 'Int = 1' })
      .field('In0', 'kind', { type: 'E0 = B' })
      .field('In0', 'at', { type: 'S0' })
      .field('In0', 'must', { type: 'String! = "m"' })
      .field('In0', 'nested', { type: 'In1' })
      .declare('input', 'In1')
      .field('In1', 'tags', { type: '[String!]! = ["t"]' })
      .field('In1', 'deep', { type: 'In0' });
  };
  return { name: 'In0', kind: 'leaf', allowed: () => true, refer };
}

function drawEntities({ random, subgraphs, entities }: Drawing, part: Referable): void {
  const count = random.int(2, 5);
  for (let i = 0; i < count; i++) {
    const owners = entities.filter(hasId);
    const owner = owners.length > 0 && random.chance(0.6) ? random.pick(owners) : undefined;
    const homes = random.subset(subgraphs, random.int(1, 4));
    const parts = { keys: randomKeys(random, owner, part), homes, words: random.shuffle(WORDS) };
    entities.push(entityType(`T${i}`, parts, random));
  }
}

/** A value type that holds another one, and an entity. */
function drawValue({ random, entities, leaves }: Drawing, part: Referable): Referable {
  const entity = random.pick(entities);
  return valueType('V1', [
    ['code', random.pick(['%', '%!']), at(leaves, 1)],
    ['name', random.pick(['%', '[%!]!', '[[%]]']), random.pick(leaves)],
    ['part', random.pick(['%', '%!', '[%!]', '[[%]!]']), part],
    ['near', random.pick(['%', '%!', '[%]', '[%!]!']), entity],
  ]);
}

function drawFields(drawing: Drawing): void {
  const { random, entities } = drawing;
  for (const entity of entities) {
    for (const home of entity.homes) {
      for (let n = random.int(1, 3); n > 0; n--) addOwnField(drawing, entity, home);
    }
  }
  addInterfaceObjectFields(drawing);
  for (const entity of entities) for (let n = random.int(0, 2); n > 0; n--) shareField(drawing, entity);
  for (const entity of entities) for (let n = random.int(0, 3); n > 0; n--) addRequires(drawing, entity);
  for (const entity of entities) for (const home of entity.homes) provideFrom(drawing, entity.name, home);
}

/** Lets fields of a type that return entities of others provide something on the way. */
function provideFrom(drawing: Drawing, parent: string, subgraph: SubgraphDraft): void {
  const { entities, random } = drawing;
  const fields = entities.find(({ name }) => name === parent)?.fields ?? [];
  for (const { name, returns, owners } of fields) {
    const entity = entities.find((other) => other.name === returns.name);
    const directives = subgraph.fieldOf(parent, name)?.directives;
    if (entity !== undefined && owners.length === 1 && directives === '' && random.chance(0.4)) {
      addProvides(drawing, parent, name, subgraph, entity);
    }
  }
}

function drawRoots(drawing: Drawing): void {
  const { random, subgraphs } = drawing;
  for (const subgraph of subgraphs) {
    for (let n = random.int(1, 4); n > 0; n--) addRoot(drawing, subgraph, 'Query', `${subgraph.name}${n}`);
  }
  for (const subgraph of random.subset(subgraphs, random.int(1, 3))) {
    for (let n = random.int(1, 2); n > 0; n--) addRoot(drawing, subgraph, 'Mutation', `${subgraph.name}Do${n}`);
  }
  if (random.chance(0.5)) shareRoot(drawing);
}

const LIST = ['%', '%!', '[%]', '[%!]!', '[%!]', '[[%!]]'] as const;

function addRoot(drawing: Drawing, subgraph: SubgraphDraft, root: 'Query' | 'Mutation', name: string): void {
  const { random, entities } = drawing;
  const homely = entities.filter(({ allowed }) => allowed(subgraph));
  const entity = homely.length > 0 && random.chance(0.6) ? random.pick(homely) : undefined;
  // One root in five may be a leaf: a plan begins where a root leads on.
  const drawn = [0, 1, 2].map(() => randomReturns(drawing, subgraph).returns);
  const returns = entity ?? drawn.find(({ kind }) => kind !== 'leaf') ?? at(drawn, 0);
  returns.refer(subgraph);
  const args = randomArguments(drawing, subgraph, root === 'Query' ? 0.35 : 0.7);
  subgraph.declare('type', root).field(root, name, { args, type: random.pick(LIST).replace('%', returns.name) });
  if (entity !== undefined && random.chance(0.3)) addProvides(drawing, root, name, subgraph, entity);
}

/** A root field that two subgraphs answer. */
function shareRoot({ random, subgraphs, entities }: Drawing): void {
  const entity = random.pick(entities);
  const type = random.pick(LIST).replace('%', entity.name);
  const able = subgraphs.filter((subgraph) => entity.allowed(subgraph));
  for (const subgraph of random.subset(able, 2)) {
    entity.refer(subgraph);
    subgraph.declare('type', 'Query').field('Query', 'shared', { type, directives: '@shareable' });
  }
}

/** Hides a field, or a key, from callers; plans still use it. */
function drawInaccessible({ random, entities }: Drawing): void {
  const entity = random.pick(entities);
  const home = at(entity.homes, 0);
  const hidden = random.chance(0.5) ? entity.fields[0]?.name : random.pick(at(entity.keys, 0).fields)[0];
  const implemented = ['id', 'title', 'rank', 'peer'];
  if (hidden === undefined || implemented.includes(hidden) || home.fieldOf(entity.name, hidden) === undefined) return;
  if (home.fieldOf(entity.name, hidden)?.directives.includes('@external') !== true) {
    home.directField(entity.name, hidden, '@inaccessible');
  }
}
