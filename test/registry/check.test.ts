import { captureOutput } from '../support/output';
import { type Environment, LIGHT, NEWS, PRODUCTS, SHIPPING, startRegistry, type TestRegistry } from './support';

captureOutput();
let given: TestRegistry;
let here: Environment;
beforeAll(async () => {
  given = await startRegistry();
  here = given.environment();
}, 30_000);
afterAll(() => given.stop());
beforeEach(() => given.clear());

describe('a check', () => {
  test('says that it composes and what changes for callers, and changes nothing', async () => {
    await here.publish('products', PRODUCTS);
    const before = await given.rows();
    const sdl = LIGHT.replace('name: String!', 'name(short: Boolean): String!');
    expect(await here.call('checkSubgraph', { name: 'products', body: { sdl } })).toMatchObject({
      status: 200,
      body: {
        passed: false,
        composes: true,
        compositionErrors: [],
        changes: {
          breaking: [{ type: 'FIELD_REMOVED', description: 'Product.weight was removed.' }],
          dangerous: [{ type: 'OPTIONAL_ARG_ADDED' }],
        },
        comparedWith: 1,
      },
    });
    expect(await given.rows()).toEqual(before);
  });

  test('does not pass where fewer callers may see what is there', async () => {
    await here.publish('products', PRODUCTS);
    const link =
      'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@authenticated"])';
    const sdl = `${link} ${PRODUCTS.replace(/extend schema[^)]*\)/, '').replace('weight: Int', 'weight: Int @authenticated')}`;
    expect((await here.call('checkSubgraph', { name: 'products', body: { sdl } })).body).toMatchObject({
      passed: false,
      composes: true,
      changes: { breaking: [{ type: 'AUTH_RULE_ADDED' }], dangerous: [] },
      operations: [],
    });
  });

  test('passes for what only adds', async () => {
    await here.publish('products', PRODUCTS);
    const passed = { passed: true, composes: true, compositionErrors: [], changes: { breaking: [], dangerous: [] } };
    for (const [name, sdl] of [
      ['products', PRODUCTS.replace('weight', 'price: Int weight')],
      ['news', NEWS],
    ] as const)
      expect((await here.call('checkSubgraph', { name, body: { sdl } })).body).toMatchObject(passed);
  });

  test('says why it does not compose, by code and position', async () => {
    expect((await here.call('checkSubgraph', { name: 'shipping', body: { sdl: SHIPPING } })).body).toEqual({
      passed: false,
      composes: false,
      compositionErrors: expect.arrayContaining([expect.objectContaining({ code: 'EXTERNAL_MISSING_ON_BASE' })]),
      changes: { breaking: [], dangerous: [] },
      operations: [],
      operationsChecked: 0,
      comparedWith: null,
    });
    const { body } = await here.call('checkSubgraph', { name: 'shipping', body: { sdl: 'type Query {' } });
    expect(body.compositionErrors).toEqual([
      {
        code: 'INVALID_GRAPHQL',
        message: expect.stringContaining('Syntax Error'),
        positions: [{ subgraph: 'shipping', line: 1, column: 13 }],
      },
    ]);
  });

  test('needs something to check', async () => {
    expect(await here.call('checkSubgraph', { name: 'products', body: {} })).toMatchObject({ status: 400 });
  });

  test('may be asked by who only reads', async () => {
    const as = await given.keyWith('subgraphs:read');
    expect(await here.call('checkSubgraph', { as, name: 'news', body: { sdl: NEWS } })).toMatchObject({
      status: 200,
      body: { passed: true },
    });
  });
});

describe('versions', () => {
  test('are all there were, the newest first, by pages', async () => {
    for (const sdl of [PRODUCTS, LIGHT, PRODUCTS]) await here.publish('products', sdl);
    const first = await here.call('listSubgraphVersions', { name: 'products', query: { limit: '2' } });
    expect(first.body.items).toMatchObject([{ version: 3 }, { version: 2 }]);
    const query = { limit: '2', cursor: String(first.body.next) };
    const second = await here.call('listSubgraphVersions', { name: 'products', query });
    expect(second.body).toMatchObject({ items: [{ version: 1, publishedBy: `user:${given.operator.id}` }] });
    expect(second.body.next).toBeUndefined();
  });

  test('of a name that was never published are not found', async () => {
    expect(await here.call('listSubgraphVersions', { name: 'nobody' })).toMatchObject({ status: 404 });
    expect(await here.call('getSubgraph', { name: 'nobody' })).toMatchObject({ status: 404 });
    expect(await here.call('getGraphArtifact')).toMatchObject({ status: 404 });
  });
});
