import { buildSchema } from 'graphql';
import { currentVersion, loadArtifact } from '../../lambdas/shared/graph/artifact';
import { statementsOn } from '../../lambdas/shared/stores/postgres';
import { captureOutput } from '../support/output';
import {
  type Environment,
  federated,
  NEWS,
  PRODUCTS,
  SHIPPING,
  startRegistry,
  type TestRegistry,
  urlOf,
} from './support';

captureOutput();
let given: TestRegistry;
let here: Environment;
beforeAll(async () => {
  given = await startRegistry();
  here = given.environment();
}, 30_000);
afterAll(() => given.stop());
beforeEach(() => given.clear());

const artifact = (version?: number) =>
  loadArtifact(given.tenants.redis.commands, statementsOn(given.tenants.app), version);

describe('a publication', () => {
  test('is version 1 of its name, and makes the graph', async () => {
    const { status, headers, body } = await here.publish('products', PRODUCTS);
    expect([status, headers.etag, body]).toMatchObject([
      200,
      '"1"',
      {
        name: 'products',
        version: 1,
        url: urlOf('products'),
        publishedBy: `user:${given.operator.id}`,
        restores: null,
        graph: { version: 1, changed: true, inForceWithinSeconds: 2 },
        changes: { breaking: [], dangerous: [] },
      },
    ]);
    expect(await here.call('getSubgraph', { name: 'products' })).toMatchObject({
      status: 200,
      headers: { etag: '"1"' },
      body: { name: 'products', version: 1, sdl: PRODUCTS },
    });
  });

  test('is in the graph with all others, in what callers see and in what the graph runs on', async () => {
    await here.publish('products', PRODUCTS);
    expect((await here.publish('shipping', SHIPPING)).body).toMatchObject({ version: 1, graph: { version: 2 } });
    const { headers, body } = await here.call('getGraphArtifact');
    expect([headers.etag, body]).toMatchObject([
      '"2"',
      {
        version: 2,
        cause: 'published shipping',
        createdBy: `user:${given.operator.id}`,
        subgraphs: [
          { name: 'products', url: urlOf('products'), version: 1 },
          { name: 'shipping', url: urlOf('shipping'), version: 1 },
        ],
      },
    ]);
    const schema = buildSchema(String(body.schema));
    expect(Object.keys(schema.getQueryType()?.getFields() ?? {}).toSorted()).toEqual(['products', 'ships']);
    expect(body.schema).not.toContain('join__');
    const { supergraph, ...rest } = (await artifact()) ?? { supergraph: '' };
    expect(supergraph).toContain(`@join__graph(name: "products", url: "${urlOf('products')}")`);
    expect(rest).toEqual({
      version: 2,
      subgraphs: [
        { name: 'products', url: urlOf('products') },
        { name: 'shipping', url: urlOf('shipping') },
      ],
    });
  });

  test('is announced to all environments of the graph', async () => {
    expect(await currentVersion(given.tenants.redis.commands)).toBeUndefined();
    await here.publish('products', PRODUCTS);
    expect(await currentVersion(given.tenants.redis.commands)).toBe(1);
    await here.publish('news', NEWS);
    expect(await currentVersion(given.tenants.redis.commands)).toBe(2);
  });

  test('of what is published already changes nothing, and says so', async () => {
    await here.publish('products', PRODUCTS);
    const before = [await given.rows(), await given.audit()];
    expect(await here.publish('products', PRODUCTS)).toMatchObject({
      status: 200,
      body: { version: 1, graph: { version: 1, changed: false } },
    });
    expect([await given.rows(), await given.audit()]).toEqual(before);
  });

  test('of another address alone is a new version', async () => {
    await here.publish('products', PRODUCTS);
    const url = 'https://elsewhere.example.com/';
    expect((await here.publish('products', PRODUCTS, { url })).body).toMatchObject({
      version: 2,
      url,
      graph: { version: 2 },
    });
    expect((await artifact())?.subgraphs).toEqual([{ name: 'products', url }]);
  });

  test('says what it breaks for callers', async () => {
    await here.publish('products', PRODUCTS);
    const { status, body } = await here.publish('products', PRODUCTS.replace(' weight: Int', ''));
    expect([status, body.changes]).toEqual([
      200,
      { breaking: [{ type: 'FIELD_REMOVED', description: 'Product.weight was removed.' }], dangerous: [] },
    ]);
  });

  test('changes only the version that is named', async () => {
    expect(await here.publish('products', PRODUCTS, { ifMatch: '"1"' })).toMatchObject({ status: 412 });
    expect(await here.publish('products', PRODUCTS, { ifMatch: '"0"' })).toMatchObject({ status: 200 });
    const next = PRODUCTS.replace('weight', 'mass');
    expect(await here.publish('products', next, { ifMatch: '"0"' })).toMatchObject({ status: 412 });
    expect(await here.publish('products', next, { ifMatch: '"1"' })).toMatchObject({
      status: 200,
      body: { version: 2 },
    });
  });

  test('is in the audit of the operator, with the version before and after', async () => {
    await here.publish('products', PRODUCTS);
    await here.publish('products', PRODUCTS.replace('weight', 'mass'));
    const [last, first] = await given.audit();
    const same = { action: 'subgraph.published', target: 'subgraph:products', actor: `user:${given.operator.id}` };
    expect([first, last]).toMatchObject([
      { ...same, before: null, after: '1' },
      { ...same, before: '1', after: '2' },
    ]);
  });
});

describe('a publication that does not compose', () => {
  const OTHER = federated(`type Query { more: [Product!] }
type Product @key(fields: "id") {
  id: ID!
  name: String!
}`);

  test('changes nothing, and is told with code and positions', async () => {
    await here.publish('products', PRODUCTS);
    const before = [await given.rows(), await given.audit(), await currentVersion(given.tenants.redis.commands)];
    const { status, body } = await here.publish('other', OTHER);
    expect([status, body.code, body.compositionErrors]).toEqual([
      422,
      'composition_failed',
      [
        {
          code: 'INVALID_FIELD_SHARING',
          message: expect.stringContaining('Product.name'),
          positions: [
            { subgraph: 'other', line: 5, column: 3 },
            { subgraph: 'products', line: 3, column: 43 },
          ],
        },
      ],
    ]);
    expect(body.detail).toMatch(/^INVALID_FIELD_SHARING: /);
    expect([await given.rows(), await given.audit(), await currentVersion(given.tenants.redis.commands)]).toEqual(
      before,
    );
  });

  test.each([
    ['is no GraphQL', 'type Query {\n  a: Int', { line: 2, column: 9 }, 'Syntax Error'],
    ['names a type that is not there', 'type Query {\n  a: Nothing\n}', { line: 2, column: 6 }, 'Nothing'],
    ['is nothing but a comment', '# nothing', { line: 1, column: 10 }, 'Syntax Error'],
  ])('because it %s is told where', async (_, sdl, place, message) => {
    expect(await here.publish('broken', sdl)).toMatchObject({
      status: 422,
      body: {
        compositionErrors: [
          {
            code: 'INVALID_GRAPHQL',
            message: expect.stringContaining(message),
            positions: [{ subgraph: 'broken', ...place }],
          },
        ],
      },
    });
    expect(await given.rows()).toEqual([[], [], []]);
  });
});
