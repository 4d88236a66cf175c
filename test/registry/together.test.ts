import { currentVersion } from '../../lambdas/shared/graph/artifact';
import type { Commands } from '../../lambdas/shared/stores/redis';
import { captureOutput } from '../support/output';
import { downRedis } from '../support/redis';
import { statuses } from '../tenants/support';
import { type Environment, federated, LIGHT, NEWS, PRODUCTS, startRegistry, type TestRegistry } from './support';

captureOutput();
let given: TestRegistry;
let here: Environment;
beforeAll(async () => {
  given = await startRegistry();
  here = given.environment();
}, 30_000);
afterAll(() => given.stop());
beforeEach(() => given.clear());

describe('two publications at once', () => {
  test('are composed one after the other: both are in the graph', async () => {
    const there = given.environment();
    const answers = await Promise.all([here.publish('products', PRODUCTS), there.publish('news', NEWS)]);
    expect(statuses(answers)).toEqual([200, 200]);
    const { body } = await here.call('getGraphArtifact');
    expect(body).toMatchObject({ version: 2, subgraphs: [{ name: 'news' }, { name: 'products' }] });
    expect(await currentVersion(given.tenants.redis.commands)).toBe(2);
  });

  test('that do not compose together: one of them is refused', async () => {
    const mine = federated('type Query { a: Int } type Thing @key(fields: "id") { id: ID! size: Int }');
    const theirs = federated('type Query { b: Int } type Thing @key(fields: "id") { id: ID! size: String }');
    const answers = await Promise.all([here.publish('mine', mine), given.environment().publish('theirs', theirs)]);
    expect(statuses(answers)).toEqual([200, 422]);
    expect((await here.call('listSubgraphs')).body.items).toHaveLength(1);
  });

  test('of the same version: one of them is refused', async () => {
    await here.publish('products', PRODUCTS);
    const sdls = [LIGHT, PRODUCTS.replace('weight', 'mass')];
    const answers = await Promise.all(
      sdls.map((sdl) => given.environment().publish('products', sdl, { ifMatch: '"1"' })),
    );
    expect(statuses(answers)).toEqual([200, 412]);
  });
});

test('a publication that waits too long for another is told to come again', async () => {
  const other = await given.tenants.database.master.connect();
  try {
    await other.query("begin; select pg_advisory_xact_lock(hashtext('gatehouse graph'))");
    expect(await here.publish('news', NEWS)).toMatchObject({ status: 503, headers: { 'retry-after': '2' } });
    await other.query('rollback');
  } finally {
    other.release();
  }
  expect(await given.rows()).toEqual([[], [], []]);
  expect(await here.publish('news', NEWS)).toMatchObject({ status: 200 });
}, 20_000);

test('where Redis goes away once nothing can stop the change, it says how long the graph may take', async () => {
  let asked = 0;
  const { commands } = given.tenants.redis;
  const insist: Commands = {
    call(...words) {
      asked += 1;
      return asked > 1 ? Promise.reject(new Error('gone')) : commands.call(...words);
    },
  };
  const { status, body } = await given.environment({ redis: { ...commands, insist } }).publish('news', NEWS);
  expect([status, body.graph]).toEqual([200, { version: 1, changed: true, inForceWithinSeconds: 600 }]);
  expect(await currentVersion(commands)).toBeUndefined();
});

describe('without Redis', () => {
  test('nothing is changed, and the caller is told to come again', async () => {
    await here.publish('products', PRODUCTS);
    const before = await given.rows();
    const away = given.environment({ redis: downRedis() });
    for (const answer of [
      await away.publish('news', NEWS),
      await away.call('deleteSubgraph', { name: 'products' }),
      await away.publish('products', LIGHT),
    ])
      expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '2' }, body: { code: 'not_ready' } });
    expect(await given.rows()).toEqual(before);
  });

  test('subgraphs are read and checked', async () => {
    await here.publish('products', PRODUCTS);
    const away = given.environment({ redis: downRedis() });
    expect((await away.call('listSubgraphs')).body).toMatchObject({ items: [{ name: 'products' }] });
    expect((await away.call('checkSubgraph', { name: 'news', body: { sdl: NEWS } })).body).toMatchObject({
      passed: true,
    });
  });
});
