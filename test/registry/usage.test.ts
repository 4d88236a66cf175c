import { documentHash } from '../../lambdas/shared/graph/documents';
import { DAY_SECONDS, dayOf, fieldOf, usageKey, usedDocumentKey } from '../../lambdas/shared/graph/usage';
import { captureOutput } from '../support/output';
import { downRedis } from '../support/redis';
import { type Environment, LIGHT, PRODUCTS, startRegistry, type TestRegistry } from './support';

captureOutput();
let given: TestRegistry;
let here: Environment;
beforeAll(async () => {
  given = await startRegistry();
  here = given.environment();
}, 30_000);
afterAll(() => given.stop());
beforeEach(async () => {
  await given.clear();
  await here.publish('products', PRODUCTS);
});

const day = (ago: number) => dayOf(Date.now() - ago * DAY_SECONDS * 1000);
const WEIGHTS = 'query Weights { products { weight } }';
const NAMES = 'query Names { products { name } }';

/** As the graph tells it. */
async function ran(document: string, times: number, { ago = 0, operationName = '' } = {}) {
  const { client } = given.tenants.redis;
  const hash = documentHash(document);
  await client.hincrby(usageKey(day(ago)), fieldOf({ hash, operationName }), times);
  await client.set(usedDocumentKey(hash), document);
}
const check = async (sdl = LIGHT, environment = here) =>
  (await environment.call('checkSubgraph', { name: 'products', body: { sdl } })).body;
const WRONG = { message: 'Cannot query field "weight" on type "Product".', positions: [{ line: 1, column: 28 }] };

describe('a check of what breaks callers', () => {
  test('names the operations that use what goes away, how often and when', async () => {
    await ran(NAMES, 900);
    await ran(WEIGHTS, 3, { ago: 2 });
    await ran(WEIGHTS, 4, { ago: 29 });
    await ran('{ products { weight } }', 50);
    expect(await check()).toMatchObject({
      passed: false,
      operationsChecked: 3,
      operations: [
        { hash: documentHash('{ products { weight } }'), name: null, count: 50, lastSeenDay: day(0) },
        { hash: documentHash(WEIGHTS), name: 'Weights', count: 7, lastSeenDay: day(2), errors: [WRONG] },
      ],
    });
  });

  test('names each operation of a document that holds several', async () => {
    const both = `${NAMES} ${WEIGHTS}`;
    await ran(both, 2, { operationName: 'Names' });
    await ran(both, 1, { operationName: 'Weights' });
    const { operations } = await check();
    expect(operations).toMatchObject([
      { name: 'Names', count: 2 },
      { name: 'Weights', count: 1 },
    ]);
  });

  test('leaves out what was run more than thirty days ago, what is broken today, and what is no GraphQL', async () => {
    await ran(WEIGHTS, 3, { ago: 30 });
    await ran('{ products { weight price } }', 3);
    await ran('{ products {', 3);
    expect(await check()).toMatchObject({ operations: [], operationsChecked: 1 });
  });

  test('leaves out a document that is not the one of its hash, or was lost', async () => {
    await ran(WEIGHTS, 3);
    const key = usedDocumentKey(documentHash(WEIGHTS));
    await given.tenants.redis.client.set(key, `${WEIGHTS} `);
    expect(await check()).toMatchObject({ operations: [], operationsChecked: 0 });
    await given.tenants.redis.client.del(key);
    expect(await check()).toMatchObject({ operations: [], operationsChecked: 0 });
  });

  test('says so where Redis cannot tell', async () => {
    expect(await check(LIGHT, given.environment({ redis: downRedis() }))).toMatchObject({
      passed: false,
      changes: { breaking: [{ type: 'FIELD_REMOVED' }] },
      operations: [],
      operationsChecked: null,
    });
  });

  test('looks at the thousand most used', async () => {
    const { client } = given.tenants.redis;
    const pipeline = client.pipeline();
    for (let index = 0; index < 1_100; index += 1) {
      const document = `query Q${index} { products { name } }`;
      pipeline.hset(usageKey(day(0)), fieldOf({ hash: documentHash(document), operationName: '' }), 10);
      pipeline.set(usedDocumentKey(documentHash(document)), document);
    }
    await pipeline.exec();
    await ran(WEIGHTS, 11);
    await ran('{ products { weight } }', 1);
    const { operations, operationsChecked } = await check();
    expect([operations, operationsChecked]).toMatchObject([[{ name: 'Weights' }], 1_000]);
  });
});

test('a check of what breaks nothing looks at no operation', async () => {
  await ran(WEIGHTS, 3);
  expect(await check(PRODUCTS)).toMatchObject({ passed: true, operations: [], operationsChecked: 0 });
});
