import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SUBGRAPHS } from '../../examples/compose';
import { planDocuments } from '../../lambdas/graph/plan-documents';
import { openPlanner } from '../../lambdas/graph/planning/planner.lazy';
import { trustedDocuments } from '../../lambdas/graph/trusted';
import { currentGraph, nameOf } from '../../lambdas/shared/graph/artifact';
import { DOCUMENTS, NO_MANIFESTS } from '../../lambdas/shared/graph/documents';
import { liveSettings } from '../../lambdas/shared/settings/live-settings';
import { settingsSource } from '../../lambdas/shared/settings/stored-settings';
import { statementsOn } from '../../lambdas/shared/stores/postgres';
import type { Sql } from '../../lambdas/shared/stores/tenancy';
import { logger } from '../../lambdas/shared/telemetry';
import { type Environment, startRegistry, type TestRegistry } from '../registry/support';
import { captureOutput } from '../support/output';
import { type Shop, startShop } from '../support/shop';
import { environment, settable } from './support';

captureOutput();
let shop: Shop;
let given: TestRegistry;
let here: Environment;
const asked = jest.fn(async () => undefined);
const schemaOf = (name: string) =>
  readFileSync(join(__dirname, '../../examples/subgraphs', name, 'schema.graphql'), 'utf8');
beforeAll(async () => {
  [shop, given] = await Promise.all([startShop(), startRegistry()]);
  here = given.environment({ askToPlan: asked });
}, 60_000);
afterAll(() => Promise.all([shop.stop(), given.stop()]));
beforeEach(async () => {
  await given.clear();
  for (const name of SUBGRAPHS) expect(await here.publish(name, schemaOf(name))).toMatchObject({ status: 200 });
  asked.mockClear();
}, 30_000);

const publish = async (documents: Readonly<Record<string, string>>, client = 'web') =>
  expect(await here.call('publishDocuments', { params: { client }, body: documents })).toMatchObject({ status: 200 });
const LAMP = 'query Lamp($id: ID!) { product(id: $id) { name } }';
const opened = jest.fn(async (supergraph: string) => openPlanner(supergraph));
const plan = (more: Partial<Parameters<typeof planDocuments>[0]> = {}) =>
  planDocuments({
    redis: given.tenants.redis.commands,
    sql: statementsOn(given.tenants.app),
    openPlanner: opened,
    nowMs: () => performance.now(),
    longestMs: 10_000,
    ...more,
  });
beforeEach(() => opened.mockClear());

const NEVER: Sql = { query: () => Promise.reject(new Error('PostgreSQL was asked')) };

/** An environment that can plan nothing, and that has no PostgreSQL for documents. */
async function runner() {
  const redis = given.tenants.redis.commands;
  const current = await currentGraph(redis);
  if (!current) throw new Error('nothing is announced');
  const source = settingsSource(redis, given.tenants.app, DOCUMENTS, NO_MANIFESTS);
  const manifests = liveSettings(DOCUMENTS, NO_MANIFESTS, source);
  const settings = settable();
  settings.set({ documents: 'ids-only' });
  return environment({
    shop,
    redis,
    settings,
    version: nameOf(current),
    supergraph: () => Promise.reject(new Error('it was planned')),
    trusted: trustedDocuments({ redis, sql: NEVER, manifests }),
  });
}
const variables = { id: 'product-01' };
const ANSWER = { status: 200, body: { data: { product: { name: 'Oak lamp' } } } };

test('a published document is known before anybody has asked for it, with the name of its operation and without', async () => {
  await publish({ lamp: LAMP });
  await plan();
  const ask = await runner();
  expect(await ask({ documentId: 'lamp', variables })).toEqual(ANSWER);
  expect(await ask({ documentId: 'lamp', variables, operationName: 'Lamp' })).toEqual(ANSWER);
});

test('and again for the graph that takes the place of that one', async () => {
  await publish({ lamp: LAMP });
  await plan();
  await here.publish('products', `${schemaOf('products')}\nextend type Query { more: String }`);
  await plan();
  expect(await (await runner())({ documentId: 'lamp', variables })).toEqual(ANSWER);
});

test('what is planned is not planned again, until something was published', async () => {
  await publish({ lamp: LAMP });
  await plan();
  await plan();
  expect(opened).toHaveBeenCalledTimes(1);
  await publish({ lamp: LAMP, other: LAMP.replace('name', 'id') });
  await plan();
  expect(opened).toHaveBeenCalledTimes(2);
});

test('what it had no time for, the next run does', async () => {
  await publish({ lamp: LAMP, other: LAMP.replace('name', 'id') });
  let now = 0;
  await plan({ longestMs: 1, nowMs: () => (now += 1) });
  await plan();
  expect(opened).toHaveBeenCalledTimes(2);
  expect(await (await runner())({ documentId: 'lamp', variables })).toEqual(ANSWER);
});

test('a document that the graph would not run any more keeps none of the others from being planned', async () => {
  const warned = jest.spyOn(logger, 'warn');
  await here.publish('products', `${schemaOf('products')}\nextend type Query { gone: String }`);
  await publish({ lamp: LAMP, gone: '{ gone }', schema: '{ __schema { types { name } } }' });
  await here.publish('products', schemaOf('products'));
  await plan();
  expect(await (await runner())({ documentId: 'lamp', variables })).toEqual(ANSWER);
  expect(warned.mock.calls.map(([message]) => message)).toContain('published document cannot be run');
});

test('where nothing is announced, or nothing published, nobody is asked', async () => {
  await plan({ sql: NEVER });
  await publish({ lamp: LAMP });
  await given.tenants.redis.client.flushall();
  await plan({ sql: NEVER });
  expect(opened).not.toHaveBeenCalled();
});

test('who publishes asks for it, and who changes nothing does not', async () => {
  await publish({ lamp: LAMP });
  expect(asked).toHaveBeenCalledTimes(1);
  await publish({ lamp: LAMP });
  await here.publish('products', schemaOf('products'));
  expect(asked).toHaveBeenCalledTimes(1);
  await here.publish('products', `${schemaOf('products')}\nextend type Query { more: String }`);
  expect(asked).toHaveBeenCalledTimes(2);
});
