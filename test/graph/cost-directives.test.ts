import * as fc from 'fast-check';
import { tokensOf } from '../../lambdas/graph/execute/cost';
import { examine } from '../../lambdas/graph/planning/examine';
import { type PlannedGraph, plannedGraph } from '../../lambdas/graph/planning/schemas';
import type { Handler } from '../../lambdas/shared/http/serve';
import { logger } from '../../lambdas/shared/telemetry';
import { seededRandom } from '../support/federation/random';
import { randomOperation } from '../support/federation/random-operation';
import { askAs, composed, graphOver, type ServedSubgraphs, serveSubgraphs } from '../support/federation/served-graph';
import { startRedis, type TestRedis } from '../support/redis';

const LINK =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@cost", "@listSize", "@shareable"])';
/** Weights are in objects, a hundred of which are one token. */
const SDLS = {
  shop: `${LINK}
    type Query {
      book: Book film: Film node: Node found: Found plain: [Film]
      dear: Int @cost(weight: 300) free: Free paid: Film @cost(weight: 99)
      assumed: [Film] @listSize(assumedSize: 500)
      sliced(first: Int, last: Int = 700, limit: Int): [Film]
        @listSize(assumedSize: 300, slicingArguments: ["first", "limit"], requireOneSlicingArgument: false)
      must(first: Int, last: Int): [Film] @listSize(slicingArguments: ["first", "last"])
      byDefault(first: Int = 400): [Film] @listSize(slicingArguments: ["first"])
      grid(first: Int): [[Film]] @listSize(slicingArguments: ["first"])
      page(first: Int, by: Filter @cost(weight: 100), all: [Filter!], flag: Boolean @cost(weight: 200)): Page
        @listSize(assumedSize: 200, slicingArguments: ["first"], sizedFields: ["items", "edges"], requireOneSlicingArgument: false)
      prices: [Price] @listSize(assumedSize: 100) scores(first: Int): [Int]
    }
    type Mutation { write(by: Filter): Film erase: Int @cost(weight: 400) }
    interface Node { id: ID! rare: Int }
    type Book implements Node @key(fields: "id") @cost(weight: 200) { id: ID! rare: Int title: String next: [Book] @listSize(assumedSize: 2) }
    type Film implements Node { id: ID! rare: Int @cost(weight: 500) }
    type Free @cost(weight: 0) { id: ID! film: Film }
    union Found = Book | Film
    type Page { items: [Film] edges: [Edge!]! others: [Film] total: Int page: Page }
    type Edge { node: Film }
    scalar Price @cost(weight: 7)
    input Filter { cheap: Int dear: Int @cost(weight: 300) deep: Filter many: [Filter!] @cost(weight: 100) less: Int @cost(weight: -900) }`,
  sales: `${LINK}
    type Book @key(fields: "id") @cost(weight: 100) { id: ID! sold: Int @cost(weight: 100) }`,
};

let redis: TestRedis;
let shop: ServedSubgraphs;
let graph: PlannedGraph;
let handler: Handler;
jest.spyOn(logger, 'info').mockImplementation(() => undefined);

beforeAll(async () => {
  [redis, shop] = await Promise.all([startRedis(), serveSubgraphs(SDLS)]);
  const supergraph = composed(SDLS, shop.urls);
  graph = plannedGraph(supergraph);
  handler = graphOver(supergraph, shop, redis.commands);
});
afterAll(() => Promise.all([redis.stop(), shop.stop()]));

const cost = (query: string, variables: Record<string, unknown> = {}): number => {
  const { cost: found, defaults } = examine(graph.schema, query, undefined, { weights: graph.weights });
  return tokensOf(found, { ...defaults, ...variables });
};

test.each<[string, string, number]>([
  ['an object of no weight of its own counts one', '{ film { id } }', 1],
  ['an object counts what its type weighs: the most that a subgraph says', '{ book { title } }', 2],
  ['a type may weigh nothing', '{ free { film { id } } free2: free { id } }', 1],
  ['a field adds to what it returns', '{ paid { id } }', 1],
  ['a field that returns no object weighs too, each time', '{ dear again: dear }', 6],
  ['of another subgraph', '{ book { sold } }', 3],
  ['of a type that has it', '{ film { rare } }', 6],
  ['that is asked for by an interface', '{ node { rare } }', 6],
  ['the dearest type of an interface', '{ node { id } }', 2],
  ['the dearest of a union', '{ found { ... on Film { rare } } }', 6],
  ['a list of an assumed size', '{ assumed { id } }', 5],
  ['what is in it, each time', '{ assumed { rare } }', 2505],
  ['without a directive as before', '{ plain { id } }', 1],
  ['a list by its slicing argument', '{ sliced(first: 900) { id } }', 9],
  ['by the largest of several', '{ sliced(first: 100, limit: 600) { id } }', 6],
  ['not by another argument, nor by its default', '{ sliced(last: 900) { id } }', 3],
  ['by the default of its slicing argument', '{ byDefault { id } }', 4],
  ['a list of lists, by ten', '{ grid(first: 100) { id } }', 10],
  ['a list below another, by its own', '{ book { next { id next { id } } } }', 14],
  ['a scalar that weighs, in a list', '{ prices }', 7],
  ['a scalar that does not', '{ scores(first: 1000) }', 1],
  ['a connection counts itself once', '{ page(first: 1000) { total } }', 1],
  ['and the lists that it names', '{ page(first: 99) { items { id } } }', 1],
  ['each of them', '{ page(first: 300) { items { id } edges { node { id } } } }', 10],
  [
    'in fragments',
    '{ page(first: 300) { ...P ... { edges { node { id } } } } } fragment P on Page { items { id } }',
    10,
  ],
  ['but not others', '{ page(first: 1000) { others { id } } }', 1],
  ['nor those of a page below', '{ page(first: 300) { page { items { id } } } }', 1],
  [
    'the same fragment by the size of each',
    '{ a: page(first: 100) { ...P } b: page(first: 900) { ...P } } fragment P on Page { items { id } }',
    11,
  ],
  ['an argument that is given', '{ page(flag: true) { total } }', 3],
  ['an input object', '{ page(by: { cheap: 1 }) { total } }', 2],
  ['and what is in it', '{ page(by: { dear: 1, deep: { dear: 1 } }) { total } }', 8],
  ['a list of them', '{ page(all: [{ dear: 1 }, { dear: 2 }, { cheap: 1 }]) { total } }', 7],
  ['a list in one', '{ page(all: { many: [{ dear: 1 }, {}] }) { total } }', 5],
  ['a weight below zero pays for nothing', '{ page(all: [{ less: 1, dear: 1 }]) { total } }', 4],
  ['a mutation costs a token at least', 'mutation { write { id } }', 1],
  ['and what it weighs', 'mutation { erase write(by: { dear: 1 }) { id } }', 8],
  ['what is skipped nothing', '{ dear @skip(if: true) film { id } }', 1],
])('%s', (_, query, expected) => {
  expect(cost(query)).toBe(expected);
});

test.each<[string, string, Record<string, unknown>, number]>([
  ['a size', 'query ($n: Int) { sliced(first: $n) { id } }', { n: 800 }, 8],
  ['a size that is not given', 'query ($n: Int) { sliced(first: $n) { id } }', {}, 3],
  ['the size of a connection', 'query ($n: Int = 600) { page(first: $n) { items { id } } }', {}, 7],
  ['an input object', 'query ($f: Filter) { page(by: $f) { total } }', { f: { dear: 1, deep: { dear: 2 } } }, 8],
  ['that is not given', 'query ($f: Filter) { page(by: $f) { total } }', {}, 1],
  ['its default', 'query ($f: Filter = { dear: 1 }) { page(by: $f) { total } }', {}, 5],
  ['not its default', 'query ($f: Filter = { dear: 1 }) { page(by: $f) { total } }', { f: {} }, 2],
  ['in a literal', 'query ($f: Filter) { page(all: [{ deep: $f }, $f]) { total } }', { f: { dear: 1 } }, 7],
  ['a list', 'query ($f: [Filter!]) { page(all: $f) { total } }', { f: [{ dear: 1 }, { many: [{ dear: 2 }] }] }, 8],
  ['a flag', 'query ($f: Boolean) { page(flag: $f) { total } }', { f: false }, 3],
  [
    'what names the prototype',
    'query ($f: Filter) { page(by: $f) { total } }',
    JSON.parse('{"f":{"__proto__":{"dear":1}}}'),
    2,
  ],
])('a variable counts by what it holds: %s', (_, query, variables, expected) => {
  expect(cost(query, variables)).toBe(expected);
});

test('whatever variables hold, they have a cost, and none makes it less', () => {
  const query = 'query ($f: [Filter!], $n: Int) { page(all: $f, first: $n) { items { id } } }';
  const nested = Array.from({ length: 10_000 }).reduce((inner) => ({ deep: inner }), {});
  expect(cost(query, { f: nested })).toBeGreaterThan(1_000_000);
  const least = cost(query, { n: 0 });
  fc.assert(
    fc.property(fc.object({ key: fc.constantFrom('dear', 'deep', 'many', 'less', 'x'), maxDepth: 6 }), (f) => {
      const found = cost(query, { f, n: 0 });
      expect(Number.isSafeInteger(found) && found >= least).toBe(true);
    }),
  );
});

const tokensOfRequest = async (query: string, variables = {}) => {
  const { headers, body } = await askAs(handler, ['viewer'], { query, variables });
  return { cost: headers?.['x-ratelimit-cost'], errors: body.errors };
};

test('a request costs its caller what its schema says, the first time as ever after', async () => {
  const query = 'query ($n: Int) { book { sold } sliced(first: $n) { id } }';
  for (const n of [100, 900, 100])
    expect(await tokensOfRequest(query, { n })).toEqual({ cost: String(n / 100 + 3), errors: undefined });
});

test.each([
  ['{ must { id } }', 'must'],
  ['{ must(first: 1, last: 1) { id } }', 'must'],
  ['{ grid { id } }', 'grid'],
])('a list whose length must be said is refused where it is not: %s', async (query, field) => {
  const { errors } = await tokensOfRequest(query);
  expect(errors).toMatchObject([
    { message: expect.stringContaining(`"${field}"`), extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } },
  ]);
});

test.each(['{ must(first: 1) { id } }', '{ byDefault { id } }', 'query ($n: Int) { must(last: $n) { id } }'])(
  'and answered where it is: %s',
  async (query) => {
    expect((await tokensOfRequest(query)).errors).toBeUndefined();
  },
);

test('every operation has a cost, the same out of Redis', () => {
  const random = seededRandom(5);
  for (let index = 0; index < 200; index += 1) {
    const { query, operationName, variables } = randomOperation(random, graph.schema);
    const { cost: found, defaults } = examine(graph.schema, query, operationName, { weights: graph.weights });
    const tokens = tokensOf(found, { ...defaults, ...variables });
    expect(Number.isSafeInteger(tokens) && tokens >= 1).toBe(true);
    expect(tokensOf(JSON.parse(JSON.stringify(found)), { ...defaults, ...variables })).toBe(tokens);
  }
});
