import { randomUUID } from 'node:crypto';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { type FieldNode, GraphQLSchema, parse, TypeInfo, visit, visitWithTypeInfo } from 'graphql';
import { plannedGraph } from '../../lambdas/graph/planning/schemas';
import type { Role } from '../../lambdas/shared/access/permissions';
import type { Handler } from '../../lambdas/shared/http/serve';
import { logger } from '../../lambdas/shared/telemetry';
import { seededRandom } from '../support/federation/random';
import { randomOperation } from '../support/federation/random-operation';
import { askAs, composed, graphOver, type ServedSubgraphs, serveSubgraphs } from '../support/federation/served-graph';
import { startRedis, type TestRedis } from '../support/redis';

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.6", import: [
  "@key", "@shareable", "@external", "@requires", "@authenticated", "@requiresScopes", "@policy"
])`;
/** An admin holds both scopes, an editor `keys:read`, a viewer none; `admin` is also the name of a policy. */
const SDLS = {
  shop: `${LINK}
    type Query {
      book: Book books: [Book!]! grid: [[Book]] node: Node nodes: [Node!]! search: [Found!]
      vault: Vault me: Account hidden: String @requiresScopes(scopes: [["audit:read"]])
      must: Must deep: Deep nobody: Int @requiresScopes(scopes: [["no:such"]]) none: Int @policy(policies: [])
      either: Int @requiresScopes(scopes: [["audit:read", "keys:read"], ["metrics:read"]])
    }
    type Mutation { write: Book erase: Int @policy(policies: [["admin"]]) }
    interface Node { id: ID! name: String price: Money secret: String }
    type Book implements Node @key(fields: "id") {
      id: ID! name: String price: Money author: Account
      secret: String @requiresScopes(scopes: [["audit:read"]])
      plain: Int keyed: Int @requiresScopes(scopes: [["keys:read"]])
    }
    type Film implements Node { id: ID! name: String price: Money secret: String length: Int }
    scalar Money @policy(policies: [["operator"], ["admin"]])
    enum Grade @requiresScopes(scopes: [["audit:read"]]) { A B }
    type Vault @requiresScopes(scopes: [["audit:read"]]) { gold: Int! book: Book }
    type Must { count: Int! @requiresScopes(scopes: [["audit:read"]]) book: Book }
    type Deep { musts: [Must!]! other: Int }
    union Found = Book | Film | Vault
    type Account @authenticated @key(fields: "id") { id: ID! grade: Grade books: [Book!]! }`,
  sales: `${LINK}
    type Book @key(fields: "id") {
      id: ID! secret: String @external sold: Int
      guess: Int @requires(fields: "secret") @requiresScopes(scopes: [["audit:read"]])
    }
    type Account @key(fields: "id") { id: ID! @shareable bought: [Book!] salary: Int @policy(policies: [["admin"]]) }`,
};

let redis: TestRedis;
let shop: ServedSubgraphs;
let supergraph: string;
let handler: Handler;
jest.spyOn(logger, 'info').mockImplementation(() => undefined);

beforeAll(async () => {
  [redis, shop] = await Promise.all([startRedis(), serveSubgraphs(SDLS)]);
  supergraph = composed(SDLS, shop.urls);
  handler = graphOver(supergraph, shop, redis.commands);
});
afterAll(() => Promise.all([redis.stop(), shop.stop()]));
beforeEach(() => {
  shop.asked.length = 0;
  shop.seed = 1;
});

const as = async (role: Role, query: string, more = {}, by = handler) =>
  (await askAs(by, [role], { query, ...more })).body;
const UNAUTHORIZED = { message: 'Unauthorized field or type', extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE' } };
const refused = (...paths: string[]) => paths.map((path) => ({ ...UNAUTHORIZED, path: path.split('.') }));

describe('a field that the caller may not see is null, with an error, and no subgraph is asked for it', () => {
  test.each([
    ['at the root', '{ hidden book { plain } }', ['hidden']],
    ['alone at the root', '{ hidden }', ['hidden']],
    ['below an object', '{ book { secret plain } }', ['book.secret']],
    ['alone below an object', '{ book { secret } }', ['book.secret']],
    ['by another name', '{ book { plain: secret name } }', ['book.plain']],
    ['in lists', '{ books { secret } grid { secret } }', ['books.@.secret', 'grid.@.@.secret']],
    ['in an inline fragment', '{ book { ... { ... on Book { secret } } plain } }', ['book.secret']],
    [
      'in a named fragment, once for each place',
      '{ book { ...B } a: book { ...B } } fragment B on Book { ...C } fragment C on Book { secret }',
      ['book.secret', 'a.secret'],
    ],
    ['by an interface, of which one type guards it', '{ node { id secret } }', ['node.secret']],
    ['by a type of an interface', '{ node { id ... on Book { secret } } }', ['node.secret']],
    ['by the type that it has', '{ vault { gold book { name } } }', ['vault']],
    ['by the type that has it', '{ search { ... on Vault { book { name } } } }', ['search.@.book']],
    ['by its scalar', '{ book { price } node { price } }', ['book.price', 'node.price']],
    ['by its enum', '{ me { grade } }', ['me.grade']],
    ['that other fields require', '{ book { guess sold } }', ['book.guess']],
    ['of another subgraph', '{ book { author { salary id } } }', ['book.author.salary']],
    ['whose scope nobody can hold', '{ nobody }', ['nobody']],
    ['of an empty list of alternatives', '{ none }', ['none']],
    ['of a mutation', 'mutation { erase write { secret } }', ['erase', 'write.secret']],
    ['that is included', 'query ($a: Boolean = true) { hidden @include(if: $a) }', ['hidden']],
  ])('%s', async (_, query, paths) => {
    const { data, errors } = await as('viewer', query);
    expect(errors).toEqual(refused(...paths));
    for (const path of paths) expect([...new Set(valuesAt(data, path.split('.')))].filter(isSomething)).toEqual([]);
    expect(shop.asked.map(({ body }) => body).join()).not.toMatch(
      /secret|hidden|price|grade|gold|salary|guess|erase|nobody|none/,
    );
  });

  test('but who may see it, gets it', async () => {
    const query = '{ hidden book { secret guess price } vault { gold } me { grade salary } either }';
    const { data, errors } = await as('admin', query);
    expect(errors).toBeUndefined();
    expect(JSON.stringify(data)).toMatch(/"hidden":".*"secret":".*"guess":\d.*"gold":\d/);
  });

  test('one of the alternatives is enough, and each of them counts whole', async () => {
    expect(await as('editor', '{ either }')).toMatchObject({ errors: refused('either') });
    expect(await as('api_user', '{ either }')).not.toHaveProperty('errors');
    expect(await as('admin', '{ either }')).not.toHaveProperty('errors');
  });
});

/** What stands at a path, of all the elements of a list. */
function valuesAt(value: unknown, [step, ...rest]: readonly string[]): unknown[] {
  if (step === undefined) return [value];
  if (Array.isArray(value)) return value.flatMap((element) => valuesAt(element, step === '@' ? rest : [step, ...rest]));
  return typeof value === 'object' && value !== null ? valuesAt(Reflect.get(value, step), rest) : [undefined];
}

test('null goes up where there may be none', async () => {
  expect(await as('viewer', '{ must { count book { plain } } }')).toEqual({
    errors: refused('must.count'),
    data: { must: null },
  });
  const { data, errors } = await as('viewer', '{ deep { other musts { count } } }');
  expect(errors).toEqual(refused('deep.musts.@.count'));
  expect(data).toEqual({ deep: JSON.stringify(data).includes('"musts":[]') ? expect.anything() : null });
});

test('what is skipped is no error, and who skips it may run the rest', async () => {
  const query = 'query ($a: Boolean!) { hidden @skip(if: $a) book { plain secret @skip(if: $a) } }';
  expect(await as('viewer', query, { variables: { a: true } })).not.toHaveProperty('errors');
  expect((await as('viewer', query, { variables: { a: false } })).errors).toEqual(refused('hidden', 'book.secret'));
});

test('callers who may see different things get each their own, in whatever order they ask, in all environments', async () => {
  const query = '{ book { secret keyed name } }';
  const version = randomUUID();
  const expected = { admin: [], editor: refused('book.secret'), viewer: refused('book.secret', 'book.keyed') };
  for (const order of [['admin', 'viewer', 'editor'] as const, ['viewer', 'editor', 'admin'] as const]) {
    const environment = graphOver(supergraph, shop, redis.commands, { version });
    for (const role of [...order, ...order])
      expect((await as(role, query, {}, environment)).errors ?? []).toEqual(expected[role]);
  }
});

test('a variant of an operation is not to be had by its name', async () => {
  await as('editor', 'query A { book { secret keyed } }');
  const keys = await redis.client.keys('graph:*');
  const names = keys.flatMap((key) => key.split(':')).filter((part) => /^[0-9a-f]{64}$/.test(part));
  for (const name of new Set(names))
    for (const operationName of [`A:${name}`, `${name}\nA`, `${name}:A`]) {
      const { data } = await as('viewer', 'query A { book { secret keyed } }', { operationName });
      expect(data).toBeUndefined();
    }
});

test('with the setting for it the operation is refused whole, and no subgraph is asked', async () => {
  const strict = graphOver(supergraph, shop, redis.commands, { refuseUnauthorized: true });
  const query = 'query ($a: Boolean = true) { hidden @include(if: $a) book { secret @include(if: $a) plain } }';
  const { status, body } = await askAs(strict, ['viewer'], { query });
  expect({ status, body }).toEqual({ status: 400, body: { errors: refused('hidden', 'book.secret') } });
  expect(shop.asked).toEqual([]);
  expect(await as('viewer', query, { variables: { a: false } }, strict)).not.toHaveProperty('errors');
  expect(await as('admin', query, {}, strict)).not.toHaveProperty('errors');
});

test('introspection tells of the schema what it tells everybody', async () => {
  const query = '{ __type(name: "Book") { fields { name } } hidden __typename }';
  expect(await as('viewer', query)).toMatchObject({
    data: { __type: { fields: expect.arrayContaining([{ name: 'secret' }]) }, hidden: null, __typename: 'Query' },
    errors: refused('hidden'),
  });
});

test('directives of authorization are not part of what callers see of the schema', async () => {
  const { data } = await as('viewer', '{ __schema { directives { name } types { name } } }');
  expect(JSON.stringify(data)).not.toMatch(/authenticated|requiresScopes|policy|Scope"/);
});

describe('what subgraphs tell each other is for them', () => {
  const KEYED = {
    shop: `${LINK}
      type Query { parts: [Part!]! }
      type Part @key(fields: "code") { code: ID! @requiresScopes(scopes: [["audit:read"]]) name: String must: Int }`,
    stock: `${LINK}
      type Part @key(fields: "code") { code: ID! @requiresScopes(scopes: [["audit:read"]]) left: Int }`,
  };
  let parts: ServedSubgraphs;
  let keyed: Handler;
  beforeAll(async () => {
    parts = await serveSubgraphs(KEYED);
    keyed = graphOver(composed(KEYED, parts.urls), parts, redis.commands);
  });
  afterAll(() => parts.stop());

  test.each(['{ parts { left } }', '{ parts { left name code: name } }', '{ parts { left c: __typename } }'])(
    'a key that the caller may not see leads to what it may: %s',
    async (query) => {
      const [mine, admins] = [await as('viewer', query, {}, keyed), await as('admin', query, {}, keyed)];
      expect(mine).toEqual(admins);
      expect(mine).not.toHaveProperty('errors');
      expect(parts.asked.map(({ body }) => body).join()).toContain('code');
    },
  );

  test.each([
    '{ parts { left code } }',
    '{ parts { left c: code } }',
    '{ parts { ...P } } fragment P on Part { code left }',
  ])('but is never written: %s', async (query) => {
    const { data, errors } = await as('viewer', query, {}, keyed);
    expect(errors).toEqual([expect.objectContaining(UNAUTHORIZED)]);
    // Not null, it takes all that has it along.
    expect([{ parts: [] }, null]).toContainEqual(data);
  });
});

/** Of each caller: the coordinates that it may not have, whatever it asks for. */
const FORBIDDEN: Readonly<Record<'viewer' | 'editor', RegExp>> = {
  viewer:
    /^(Query\.(hidden|vault|nobody|none|either)|Mutation\.erase|Vault\.(gold|book)|Must\.count|Book\.(secret|keyed|guess|price)|Node\.(secret|price)|Film\.price|Account\.(grade|salary))$/,
  editor:
    /^(Query\.(hidden|vault|nobody|none|either)|Mutation\.erase|Vault\.(gold|book)|Must\.count|Book\.(secret|guess|price)|Node\.(secret|price)|Film\.price|Account\.(grade|salary))$/,
};
test.each(['viewer', 'editor'] as const)(
  'whatever a %s asks for, no subgraph is asked for a field that it may not see, and all else is as an admin sees it',
  async (role) => {
    const { schema } = plannedGraph(supergraph);
    const random = seededRandom(role === 'viewer' ? 11 : 12);
    let withheld = 0;
    for (let index = 0; index < 150; index += 1) {
      const operation = randomOperation(random, schema);
      shop.seed = index;
      shop.asked.length = 0;
      const { body } = await askAs(handler, [role], operation);
      const coordinates = shop.asked.flatMap(coordinatesIn);
      expect(coordinates.filter((name) => FORBIDDEN[role].test(name))).toEqual([]);
      const { data, errors = [] } = body;
      expect(errors.map(({ extensions }) => extensions?.code)).toEqual(errors.map(() => UNAUTHORIZED.extensions.code));
      // A film's own secret is for all, and may stand under the key of the one that the interface was asked for.
      if (!coordinates.includes('Film.secret'))
        expect(errors.flatMap(({ path = [] }) => valuesAt(data, path)).filter(isSomething)).toEqual([]);
      expect(body).not.toHaveProperty('extensions');
      const admins = await askAs(handler, ['admin'], operation);
      const told = errors.map(({ path = [] }) => path.filter((step) => step !== '@').join('.'));
      expect(differences(data, admins.body.data).filter((path) => !leadsTo(path, told))).toEqual([]);
      withheld += errors.length;
    }
    expect(withheld).toBeGreaterThan(60);
  },
  120_000,
);

/** Where the two part, without positions in lists. */
function differences(mine: unknown, theirs: unknown, path: readonly string[] = []): string[] {
  if (Array.isArray(mine) && Array.isArray(theirs) && mine.length === theirs.length)
    return mine.flatMap((each, index) => differences(each, theirs[index], path));
  if (!isRecord(mine) || !isRecord(theirs)) return Object.is(mine, theirs) ? [] : [path.join('.')];
  if (Object.keys(mine).join() !== Object.keys(theirs).join()) return [`${path.join('.')} has other keys`];
  return Object.entries(mine).flatMap(([key, value]) => differences(value, theirs[key], [...path, key]));
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A null below may have come up to here. */
const leadsTo = (path: string, told: readonly string[]) =>
  told.some((each) => path === '' || each === path || each.startsWith(`${path}.`));

const isSomething = (value: unknown) => value !== null && value !== undefined;

/** `Type.field` of what a subgraph was asked for. */
function coordinatesIn({ subgraph, body }: ServedSubgraphs['asked'][number]): string[] {
  const found: string[] = [];
  const { query }: { query: string } = JSON.parse(body);
  const types = new TypeInfo(schemas[subgraph] ?? new GraphQLSchema({}));
  const note = ({ name }: FieldNode) => void found.push(`${types.getParentType()?.name}.${name.value}`);
  visit(parse(query), visitWithTypeInfo(types, { Field: note }));
  return found;
}
const schemas: Readonly<Record<string, GraphQLSchema>> = Object.fromEntries(
  Object.entries(SDLS).map(([name, sdl]) => [name, buildSubgraphSchema(parse(sdl))]),
);
