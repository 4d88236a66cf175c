import type { SubgraphDraft } from './graph-draft';
import type { Entity, EntityField, Referable } from './graph-types';
import { at, type Random } from './random';

/** Non-null in every position, and lists of lists. Plain ones are the most: a deep list multiplies what is below it. */
const WRAPS = ['%', '%', '%', '%!', '%!', '[%]', '[%!]', '[%!]!', '[%]!', '[[%!]]', '[[%]!]!'] as const;

const ARGUMENTS = [
  'first: Int = 2',
  'first: Int',
  'text: String! = "x"',
  'kind: E0',
  'kind: E0! = A',
  'filter: In0',
  'filter: In0 = { min: 3, nested: { tags: ["y"] } }',
  'filters: [In0!]',
  'at: S0',
  'ids: [ID!]',
  'grid: [[Int!]]',
  'big: Boolean!',
  'ratio: Float = 0.5',
];

/** What all the steps of drawing one graph share. */
export interface Drawing {
  readonly random: Random;
  readonly subgraphs: readonly SubgraphDraft[];
  readonly leaves: readonly Referable[];
  readonly values: readonly Referable[];
  readonly abstracts: Referable[];
  readonly entities: Entity[];
  /** The enum, the scalar and the input types that arguments use. */
  readonly inputs: Referable;
}

export function randomArguments({ random, inputs }: Drawing, subgraph: SubgraphDraft, chance: number): string {
  if (!random.chance(chance)) return '';
  const drawn = random.subset(ARGUMENTS, random.int(1, 2));
  const one = drawn.filter((argument, i) => drawn.findIndex((other) => nameOf(other) === nameOf(argument)) === i);
  inputs.refer(subgraph);
  return `(${one.join(', ')})`;
}

const nameOf = (argument: string) => at(argument.split(':'), 0);

export function randomReturns({ random, leaves, values, abstracts, entities }: Drawing, subgraph: SubgraphDraft) {
  const kinds = { leaf: leaves, value: values, entity: entities, abstract: abstracts };
  const kind = random.weighted({ leaf: 9, value: 3, entity: 6, abstract: 4 });
  const allowed = kinds[kind].filter((type) => type.allowed(subgraph));
  const returns = random.pick(allowed.length > 0 ? allowed : leaves);
  return { returns, type: random.pick(WRAPS).replace('%', returns.name) };
}

/** A new field of the entity, defined in this subgraph only. */
export function addOwnField(drawing: Drawing, entity: Entity, subgraph: SubgraphDraft): void {
  const name = entity.words.pop();
  if (name === undefined) return;
  const { returns, type } = randomReturns(drawing, subgraph);
  const field = { name, args: randomArguments(drawing, subgraph, 0.25), type, returns, owners: [] };
  entity.fields.push(field);
  define(drawing, entity, field, subgraph, '');
}

function define(drawing: Drawing, entity: Entity, field: EntityField, subgraph: SubgraphDraft, directives: string) {
  field.returns.refer(subgraph);
  if (field.args !== '') drawing.inputs.refer(subgraph);
  subgraph.field(entity.name, field.name, { args: field.args, type: field.type, directives });
  if (!directives.includes('@external')) field.owners.push(subgraph.name);
}

/** Defines a field that exists in a second home: shared, or taken over from the first. */
export function shareField(drawing: Drawing, entity: Entity): void {
  const { random } = drawing;
  const own = entity.fields.filter(({ owners, returns }) => owners.length === 1 && returns.kind !== 'abstract');
  if (own.length === 0) return;
  const field = random.pick(own);
  const from = at(field.owners, 0);
  const others = entity.homes.filter((home) => home.name !== from && field.returns.allowed(home));
  if (others.length === 0) return;
  const home = random.pick(others);
  if (random.chance(0.35)) {
    define(drawing, entity, field, home, `@override(from: "${from}")`);
    field.owners.reverse();
  } else {
    draftOf(drawing, from).directField(entity.name, field.name, '@shareable');
    define(drawing, entity, field, home, '@shareable');
  }
}

/** A field of one home that needs one or two fields of the others. */
export function addRequires(drawing: Drawing, entity: Entity): void {
  const { random } = drawing;
  const home = random.pick(entity.homes);
  const needed = entity.fields.filter((field) => requirable(entity, field, home));
  const name = entity.words.pop();
  if (needed.length === 0 || name === undefined) return;
  const required = random.subset(needed, random.int(1, 2));
  for (const field of required) define(drawing, entity, field, home, '@external');
  const fields = required.map((field) => `${field.name}${innerSelection(drawing, field, home)}`).join(' ');
  const returns = random.pick(drawing.leaves);
  const args = randomArguments(drawing, home, 0.2);
  const field = { name, args, type: random.pick(WRAPS).replace('%', returns.name), returns, owners: [] };
  entity.fields.push(field);
  define(drawing, entity, field, home, `@requires(fields: "${fields}")`);
}

function requirable(entity: Entity, { args, returns, owners, name }: EntityField, home: SubgraphDraft): boolean {
  const here = home.fieldOf(entity.name, name);
  if (owners.includes(home.name) || args !== '' || returns.kind === 'abstract') return false;
  return (here === undefined || here.directives.includes('@external')) && returns.allowed(home);
}

/** Of a value type its leaves; of an entity its key, and a field of another subgraph when there is one. */
function innerSelection(drawing: Drawing, { returns }: EntityField, home: SubgraphDraft): string {
  if (returns.kind === 'leaf') return '';
  const entity = drawing.entities.find(({ name }) => name === returns.name);
  if (entity === undefined) return ' { code }';
  const more = drawing.random
    .shuffle(entity.fields)
    .find((f) => requirable(entity, f, home) && f.returns.kind === 'leaf');
  const id = home.fieldOf(entity.name, 'id') === undefined ? '__typename' : 'id';
  if (more === undefined) return ` { ${id} }`;
  define(drawing, entity, more, home, '@external');
  return ` { ${id} ${more.name} }`;
}

/** A field that returns an entity of other subgraphs gives one of their fields along, on this path only. */
export function addProvides(
  drawing: Drawing,
  parent: string,
  name: string,
  subgraph: SubgraphDraft,
  entity: Entity,
): void {
  const provided = entity.fields.find((field) => {
    return requirable(entity, field, subgraph) && field.returns.kind === 'leaf' && !overridden(drawing, entity, field);
  });
  if (provided === undefined) return;
  for (const owner of provided.owners) draftOf(drawing, owner).directField(entity.name, provided.name, '@shareable');
  define(drawing, entity, provided, subgraph, '@external');
  subgraph.directField(parent, name, `@provides(fields: "${provided.name}")`);
}

const overridden = (drawing: Drawing, entity: Entity, field: EntityField) =>
  field.owners.some((owner) =>
    draftOf(drawing, owner).fieldOf(entity.name, field.name)?.directives.includes('@override'),
  );

export function draftOf({ subgraphs }: Pick<Drawing, 'subgraphs'>, name: string): SubgraphDraft {
  const draft = subgraphs.find((subgraph) => subgraph.name === name);
  if (draft === undefined) throw new Error(`there is no subgraph ${name}`);
  return draft;
}
