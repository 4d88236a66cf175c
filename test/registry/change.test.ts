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

const NEEDS = { status: 422, body: { code: 'composition_failed' } };
const back = (version: number, ifMatch?: string) =>
  here.call('rollBackSubgraph', { name: 'products', body: { version }, ...(ifMatch && { ifMatch }) });

const remove = (name: string, ifMatch?: string) => here.call('deleteSubgraph', { name, ...(ifMatch && { ifMatch }) });

describe('a rollback', () => {
  test('publishes the earlier version again, as a new one', async () => {
    await here.publish('products', PRODUCTS, { url: 'https://old.example.com/' });
    await here.publish('products', LIGHT);
    expect(await back(1)).toMatchObject({
      status: 200,
      headers: { etag: '"3"' },
      body: { version: 3, restores: 1, url: 'https://old.example.com/', graph: { version: 3 } },
    });
    expect((await here.call('getSubgraph', { name: 'products' })).body).toMatchObject({ version: 3, sdl: PRODUCTS });
    expect((await here.call('getGraphArtifact')).body).toMatchObject({ cause: 'rolled back products' });
    expect((await given.audit())[0]).toMatchObject({ action: 'subgraph.rolled_back' });
  });

  test('to a version that the others do not compose with any more is refused, and changes nothing', async () => {
    await here.publish('products', LIGHT);
    await here.publish('products', PRODUCTS);
    await here.publish('shipping', SHIPPING);
    const before = await given.rows();
    expect(await back(1)).toMatchObject(NEEDS);
    expect(await given.rows()).toEqual(before);
  });

  test('to what is in force changes nothing', async () => {
    await here.publish('products', PRODUCTS);
    expect((await back(1)).body).toMatchObject({ version: 1, restores: null, graph: { version: 1, changed: false } });
  });

  test('to a version that there never was is not found; from another version than was named is refused', async () => {
    await here.publish('products', PRODUCTS);
    await here.publish('products', LIGHT);
    expect(await back(3)).toMatchObject({ status: 404 });
    expect(await back(1, '"1"')).toMatchObject({ status: 412 });
    expect(await back(1, '"2"')).toMatchObject({ status: 200 });
  });

  test('brings back a subgraph that was deleted', async () => {
    await here.publish('products', PRODUCTS);
    await here.call('deleteSubgraph', { name: 'products' });
    expect((await back(1)).body).toMatchObject({ version: 2, restores: 1, graph: { version: 3 } });
  });
});

describe('a deletion', () => {
  test('takes the subgraph out of the graph, and says what it breaks', async () => {
    await here.publish('products', PRODUCTS);
    await here.publish('news', NEWS);
    expect(await remove('news', '"1"')).toMatchObject({
      status: 200,
      body: { graph: { version: 3 }, changes: { breaking: [{ type: 'FIELD_REMOVED' }] } },
    });
    expect((await here.call('listSubgraphs')).body).toMatchObject({ items: [{ name: 'products' }] });
    expect(await here.call('getSubgraph', { name: 'news' })).toMatchObject({ status: 404 });
    expect((await given.audit())[0]).toMatchObject({ action: 'subgraph.deleted' });
  });

  test('of one that others need is refused, and changes nothing', async () => {
    await here.publish('products', PRODUCTS);
    await here.publish('shipping', SHIPPING);
    const before = await given.rows();
    expect(await remove('products')).toMatchObject(NEEDS);
    expect(await given.rows()).toEqual(before);
  });

  test('of the last one leaves a graph of nothing', async () => {
    await here.publish('products', PRODUCTS);
    expect((await remove('products')).status).toBe(200);
    expect((await here.call('getGraphArtifact')).body).toMatchObject({ version: 2, subgraphs: [], schema: '' });
  });

  test('leaves the versions, and the next publication counts on', async () => {
    await here.publish('products', PRODUCTS);
    await remove('products');
    expect((await here.call('listSubgraphVersions', { name: 'products' })).body).toMatchObject({
      items: [{ version: 1 }],
    });
    expect(await here.publish('products', PRODUCTS, { ifMatch: '"0"' })).toMatchObject({ body: { version: 2 } });
  });

  test('of one that is not there, or at another version, is refused', async () => {
    expect(await remove('products')).toMatchObject({ status: 404 });
    await here.publish('products', PRODUCTS);
    expect(await remove('products', '"2"')).toMatchObject({ status: 412 });
  });
});
