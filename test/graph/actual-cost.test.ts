import { buildSchema } from 'graphql';
import { actualCost } from '../../lambdas/graph/execute/actual-cost';
import { openPlanner } from '../../lambdas/graph/planning/planner.lazy';
import type { Handler } from '../../lambdas/shared/http/serve';
import { logger } from '../../lambdas/shared/telemetry';
import { seededRandom } from '../support/federation/random';
import { randomOperation } from '../support/federation/random-operation';
import { askAs, composed, graphOver, type ServedSubgraphs, serveSubgraphs } from '../support/federation/served-graph';
import { startRedis, type TestRedis } from '../support/redis';

jest.spyOn(logger, 'info').mockImplementation(() => undefined);

const WEIGHTED = {
  shop: `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@cost", "@listSize"])
    type Query { films(first: Int): [Film] grid: [[Film]] node: Node nodes: [Node] dear: Int @cost(weight: 300)
      prices: [Price] any: Any find(by: Filter): Film }
    type Mutation { write: Film writeAll: [Film!] erase: Int @cost(weight: 400) }
    interface Node { id: ID! rare: Int }
    type Book implements Node @cost(weight: 20) { id: ID! rare: Int next: [Book] }
    type Film implements Node { id: ID! rare: Int @cost(weight: 50) next: [Film] }
    scalar Price @cost(weight: 7)
    scalar Any @cost(weight: 3)
    input Filter { dear: Int @cost(weight: 30) }`,
};
const planner = openPlanner(composed(WEIGHTED));
const NOBODY = { introspection: true };

/** What it has cost when subgraphs have told this. */
function cost(query: string, data: Record<string, unknown>, variables: Record<string, unknown> = {}): number {
  const { operation } = planner.learn(planner.examine(query, undefined, 'enforce'), { ...NOBODY, variables });
  // As it is out of Redis.
  return actualCost(JSON.parse(JSON.stringify(operation)), data, { ...operation.defaults, ...variables });
}
const film = (count = 0) => ({ id: '1', rare: 1, next: Array.from({ length: count }, () => ({ id: '2', rare: 1 })) });

test.each<[string, number, string, Record<string, unknown>]>([
  ['each object that was there', 3, '{ films(first: 100) { id } }', { films: [film(), film(), film()] }],
  ['none that was not', 1, '{ films { id } }', { films: [null, film(), null] }],
  ['nothing of a list that is null', 0, '{ films(first: 100) { id } }', { films: null }],
  ['what is in lists of lists', 3, '{ grid { id } }', { grid: [[film()], null, [film(), film()]] }],
  ['what is in an object', 6, '{ films { next { id } } }', { films: [film(2), film(2)] }],
  ['a field each time that it was asked for', 102, '{ films { rare } }', { films: [film(), film()] }],
  ['a field that returns no object', 600, '{ dear again: dear }', { dear: null, again: null }],
  ['each value of a scalar that weighs', 14, '{ prices }', { prices: [1, null, 2] }],
  ['a value that looks like a list once', 3, '{ any }', { any: [{ a: [1, 2] }] }],
  ['an object by its own type', 21, '{ nodes { id } }', { nodes: [{ __typename: 'Book' }, { __typename: 'Film' }] }],
  ['fields of its own type', 71, '{ nodes { rare } }', { nodes: [{ __typename: 'Book' }, { __typename: 'Film' }] }],
  ['one that does not say its type as one', 1, '{ node { id } }', { node: { id: '1' } }],
  ['a name of no type as one of what is not there', 1, '{ node { id } }', { node: { __typename: 'constructor' } }],
  ['arguments that weigh', 31, '{ find(by: { dear: 1 }) { id } }', { find: film() }],
  ['what was skipped not at all', 1, '{ dear @skip(if: true) films { id } }', { films: [film()] }],
  ['a write as a REST call', 100, 'mutation { write { id } __typename }', { write: film() }],
  ['a write by what it weighs', 500, 'mutation { erase writeAll { id } }', { erase: 1, writeAll: [film()] }],
  ['introspection as a REST call', 100, '{ __schema { types { name } } __typename }', {}],
])('it counts %s', (_, expected, query, data) => {
  expect(cost(query, data)).toBe(expected);
});

describe('asked for by X-Cost', () => {
  const SDLS = {
    first: `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
      type Query { items(first: Int = 7): [Item!] thing: Thing things: [[Thing]] }
      type Item implements Thing @key(fields: "id") { id: ID! other: Item all: [Item] }
      type Part implements Thing { id: ID! of: [Item!] }
      interface Thing { id: ID! }`,
    second: `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
      type Item @key(fields: "id") { id: ID! more: [More] } type More { note: String same: Item }`,
  };
  let redis: TestRedis;
  let subgraphs: ServedSubgraphs;
  let handler: Handler;
  beforeAll(async () => {
    [redis, subgraphs] = await Promise.all([startRedis(), serveSubgraphs(SDLS)]);
    handler = graphOver(composed(SDLS, subgraphs.urls), subgraphs, redis.commands);
  });
  afterAll(() => Promise.all([redis.stop(), subgraphs.stop()]));

  const ask = (asked: Parameters<typeof askAs>[2], header = 'include') =>
    askAs(handler, ['viewer'], asked, { 'X-Cost': header });

  test('both costs are in extensions, in objects, and in no other answer', async () => {
    const query = '{ items { id } }';
    const { data, extensions } = (await ask({ query })).body;
    expect(extensions).toEqual({ cost: { estimated: 7, actual: objectsIn(data) } });
    expect((await ask({ query }, 'no')).body).not.toHaveProperty('extensions');
    expect((await askAs(handler, ['viewer'], { query })).body).not.toHaveProperty('extensions');
  });

  test('a response that has no data tells none', async () => {
    expect((await ask({ query: '{ nothing }' })).body).not.toHaveProperty('extensions');
  });

  test('the actual cost is what a response has of objects, whatever is asked for', async () => {
    const schema = buildSchema(`
      type Query { items(first: Int = 7): [Item!] thing: Thing things: [[Thing]] }
      type Item implements Thing { id: ID! other: Item all: [Item] more: [More] }
      type Part implements Thing { id: ID! of: [Item!] }
      type More { note: String same: Item } interface Thing { id: ID! }`);
    const random = seededRandom(11);
    let met = 0;
    for (let seed = 0; seed < 60; seed += 1) {
      subgraphs.seed = seed;
      const asked = randomOperation(random, schema);
      if (/__(schema|type)\b/.test(asked.query)) continue;
      const { body } = await ask(asked);
      const { data, errors, extensions } = body;
      // Where something became null for what is in it, it was fetched all the same.
      if (errors || (extensions && Object.hasOwn(extensions, 'valueCompletion'))) continue;
      met += 1;
      expect(extensions).toEqual({ cost: { estimated: expect.any(Number), actual: objectsIn(data) } });
    }
    expect(met).toBeGreaterThan(10);
  });
});

/** Below the root. */
const objectsIn = (data: unknown): number => below(data) - 1;
function below(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const inside = Object.values(value).reduce<number>((sum, each) => sum + below(each), 0);
  return Array.isArray(value) ? inside : 1 + inside;
}
