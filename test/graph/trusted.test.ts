import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SUBGRAPHS } from '../../examples/compose';
import { trustedDocuments } from '../../lambdas/graph/trusted';
import { Refusal } from '../../lambdas/shared/errors';
import { DOCUMENTS, NO_MANIFESTS } from '../../lambdas/shared/graph/documents';
import type { ServeOptions } from '../../lambdas/shared/http/serve';
import { liveSettings } from '../../lambdas/shared/settings/live-settings';
import { settingsSource } from '../../lambdas/shared/settings/stored-settings';
import { statementsOn } from '../../lambdas/shared/stores/postgres';
import type { Redis } from '../../lambdas/shared/stores/redis';
import type { Sql } from '../../lambdas/shared/stores/tenancy';
import { logger } from '../../lambdas/shared/telemetry';
import { startRegistry, type TestRegistry } from '../registry/support';
import { served } from '../support/event';
import { captureOutput } from '../support/output';
import { downRedis } from '../support/redis';
import { type Shop, startShop } from '../support/shop';
import { environment, settable } from './support';

const output = captureOutput();
let shop: Shop;
let given: TestRegistry;
const schemaOf = (name: string) =>
  readFileSync(join(__dirname, '../../examples/subgraphs', name, 'schema.graphql'), 'utf8');
beforeAll(async () => {
  [shop, given] = await Promise.all([startShop(), startRegistry()]);
}, 60_000);
afterAll(() => Promise.all([shop.stop(), given.stop()]));

const settings = settable();
beforeEach(async () => {
  settings.set();
  await given.clear();
  const here = given.environment();
  for (const name of SUBGRAPHS) expect(await here.publish(name, schemaOf(name))).toMatchObject({ status: 200 });
}, 30_000);

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const QUERY = 'query Lamp { product(id: "product-01") { name } }';
const LAMP = { data: { product: { name: 'Oak lamp' } } };
const OTHER = 'query Names { product(id: "product-01") { name } }';
const named = (text: string) => ({ extensions: { persistedQuery: { version: 1, sha256Hash: sha256(text) } } });
const ID = sha256(QUERY);

interface Stores {
  readonly redis?: Redis;
  readonly sql?: Sql;
  readonly access?: ServeOptions['access'];
}

/** One environment of the graph, over the stores of the registry. */
function started({ redis = given.tenants.redis.commands, sql = statementsOn(given.tenants.app), access }: Stores = {}) {
  const source = settingsSource(redis, given.tenants.app, DOCUMENTS, NO_MANIFESTS);
  const manifests = liveSettings(DOCUMENTS, NO_MANIFESTS, source);
  const ask = environment({
    shop,
    redis,
    settings,
    trusted: trustedDocuments({ redis, sql, manifests }),
    ...(access && { access }),
  });
  return { ask, manifests };
}

async function publish(documents: Readonly<Record<string, string>>, client = 'web') {
  const answer = await given.environment().call('publishDocuments', { params: { client }, body: documents });
  expect(answer).toMatchObject({ status: 200 });
}

/** Counts the statements of one environment. */
function counting() {
  const under = statementsOn(given.tenants.app);
  const counted = { statements: 0 };
  const sql: Sql = {
    query(text, values) {
      counted.statements += 1;
      return under.query(text, values);
    },
  };
  return { sql, counted };
}

const refused = (code: string) => ({
  status: 400,
  body: { errors: [{ message: expect.any(String), extensions: { code } }] },
});
const UNKNOWN = refused('UNKNOWN_DOCUMENT');

describe('a published document', () => {
  test('runs by its id, by its hash and by its hash with a prefix, in every mode', async () => {
    await publish({ lamp: QUERY });
    for (const documents of ['open', 'log-unknown', 'known-only', 'ids-only'] as const) {
      settings.set({ documents });
      const { ask } = started();
      for (const asked of [{ documentId: 'lamp' }, { documentId: `sha256:${ID}` }, { documentId: ID }, named(QUERY)])
        expect(await ask(asked)).toEqual({ status: 200, body: LAMP });
    }
  });

  test('runs with the variables of the request', async () => {
    await publish({ product: 'query Product($id: ID!) { product(id: $id) { name } }' });
    const { ask } = started();
    expect((await ask({ documentId: 'product', variables: { id: 'product-01' } })).body).toEqual(LAMP);
  });

  test('is sought once in PostgreSQL, and then in memory; by other environments in Redis', async () => {
    await publish({ lamp: QUERY });
    const { sql, counted } = counting();
    const { ask } = started({ sql });
    for (let n = 0; n < 3; n += 1) expect((await ask({ documentId: 'lamp' })).body).toEqual(LAMP);
    expect((await started({ sql }).ask({ documentId: 'lamp' })).body).toEqual(LAMP);
    expect(counted.statements).toBe(1);
  });

  test('is found without Redis', async () => {
    await publish({ lamp: QUERY });
    settings.set({ documents: 'ids-only' });
    expect((await started({ redis: downRedis() }).ask({ documentId: 'lamp' })).body).toEqual(LAMP);
  });

  test('is gone once it was taken back, from environments that have run it too', async () => {
    await publish({ lamp: QUERY });
    settings.set({ documents: 'known-only' });
    const { ask, manifests } = started();
    expect((await ask({ query: QUERY })).body).toEqual(LAMP);
    await given.environment().call('deleteDocuments', { params: { client: 'web' } });
    await manifests.refresh();
    for (const asked of [{ query: QUERY }, { documentId: 'lamp' }, named(QUERY)])
      expect(await ask(asked)).toEqual(UNKNOWN);
  });

  test('that was published just now is known to who has asked for it in vain', async () => {
    await publish({ other: OTHER });
    const { ask, manifests } = started();
    expect(await ask({ documentId: 'lamp' })).toEqual(UNKNOWN);
    await publish({ lamp: QUERY }, 'ios');
    await manifests.refresh();
    expect((await ask({ documentId: 'lamp' })).body).toEqual(LAMP);
  });

  test('is not what somebody has put into Redis under its hash', async () => {
    await publish({ lamp: QUERY });
    const keys = `graph:trusted:1:${ID}`;
    await given.tenants.redis.client.set(keys, OTHER.replace('name', 'id'));
    expect((await started().ask(named(QUERY))).body).toEqual(LAMP);
  });
});

describe('a document that nobody has published', () => {
  test('runs while the graph is open, and PostgreSQL is not asked for it', async () => {
    await publish({ lamp: QUERY });
    const { sql, counted } = counting();
    expect((await started({ sql }).ask({ query: OTHER })).body).toEqual(LAMP);
    expect(counted.statements).toBe(0);
  });

  test('is sought nowhere while there are no manifests', async () => {
    const { sql, counted } = counting();
    const { ask } = started({ sql });
    expect(await ask({ documentId: 'lamp' })).toEqual(UNKNOWN);
    expect((await ask(named(QUERY))).body).toMatchObject({
      errors: [{ extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }],
    });
    expect(counted.statements).toBe(0);
  });

  test('runs while unknown ones are logged: once each, with who has sent it, and counted', async () => {
    settings.set({ documents: 'log-unknown' });
    await publish({ lamp: QUERY });
    const log = jest.spyOn(logger, 'warn').mockImplementation(() => undefined);
    const { ask } = started();
    const headers = { 'apollographql-client-name': 'web' };
    for (let n = 0; n < 2; n += 1)
      expect((await ask({ query: OTHER, operationName: 'Names' }, { headers })).body).toEqual(LAMP);
    expect((await ask({ query: QUERY }, { headers })).body).toEqual(LAMP);
    const line = { hash: sha256(OTHER), operationName: 'Names', client: 'web' };
    expect(log.mock.calls).toEqual([['unknown document', line]]);
    expect(output.text()).toContain('"UnknownDocuments":1');
  });

  test('of many, so many are logged a minute', async () => {
    settings.set({ documents: 'log-unknown' });
    const log = jest.spyOn(logger, 'warn').mockImplementation(() => undefined);
    const { ask } = started();
    for (let n = 0; n < 30; n += 1) await ask({ query: `{ a${n}: __typename }` });
    expect(log.mock.calls.length).toBeLessThanOrEqual(20);
  });

  test('is refused where known ones run alone, however it comes', async () => {
    await publish({ lamp: QUERY });
    const open = started();
    await open.ask({ query: OTHER, ...named(OTHER) });
    settings.set({ documents: 'known-only' });
    const { ask } = started();
    expect((await ask({ query: QUERY })).body).toEqual(LAMP);
    for (const asked of [{ query: OTHER }, { query: `${QUERY} ` }, named(OTHER), { documentId: 'other' }])
      expect(await ask(asked)).toEqual(UNKNOWN);
  });

  test('is refused in full where ids are asked for, and so is a published one', async () => {
    await publish({ lamp: QUERY });
    settings.set({ documents: 'ids-only' });
    const { ask } = started();
    for (const asked of [{ query: OTHER }, { query: QUERY }, { query: QUERY, ...named(QUERY) }])
      expect(await ask(asked)).toEqual(refused('DOCUMENT_ID_REQUIRED'));
    expect(await ask(named(OTHER))).toEqual(UNKNOWN);
  });
});

describe('before the limits of a caller were asked', () => {
  const spent: number[] = [];
  let isOver = false;
  const access: ServeOptions['access'] = {
    ...served.access,
    admit(identity, origin, cost) {
      spent.push(cost);
      return isOver ? Promise.reject(new Refusal('rate_limited')) : served.access.admit(identity, origin, cost);
    },
  };
  const DEAR = '{ products(first: 100) { name reviews { body } } }';
  beforeEach(() => {
    spent.length = 0;
    isOver = false;
  });

  test('PostgreSQL is not asked, whatever name or text a request makes up', async () => {
    await publish({ lamp: QUERY });
    isOver = true;
    for (const documents of ['open', 'log-unknown', 'known-only', 'ids-only'] as const) {
      settings.set({ documents });
      const { sql, counted } = counting();
      const { ask } = started({ sql, access });
      for (const asked of [
        { documentId: 'made-up' },
        named(OTHER),
        { query: OTHER },
        { query: OTHER, ...named(OTHER) },
      ])
        expect(await ask(asked)).toMatchObject({ status: 429 });
      expect(counted.statements).toBe(0);
    }
  });

  test('a text that anybody may run costs what it costs, found or not', async () => {
    await publish({ lamp: QUERY });
    settings.set({ documents: 'log-unknown' });
    for (const asked of [{ query: DEAR }, { query: `${DEAR} #`, ...named(`${DEAR} #`) }, named(`${DEAR} #`)])
      expect((await started({ access }).ask(asked)).body).toMatchObject({ data: { products: expect.any(Array) } });
    await given.tenants.redis.client.del(`graph:trusted:1:${sha256(`${DEAR} #`)}`);
    expect((await started({ access }).ask(named(`${DEAR} #`))).body).toMatchObject({ data: expect.anything() });
    expect(spent).toEqual([11, 11, 11, 11]);
  });

  test('a published document that no store but PostgreSQL knows spends 1 that once', async () => {
    await publish({ dear: DEAR });
    for (const documents of ['ids-only', 'open'] as const) {
      settings.set({ documents });
      expect((await started({ access }).ask({ documentId: 'dear' })).body).toMatchObject({ data: expect.anything() });
    }
    expect(spent).toEqual([1, 11]);
  });

  test('a mutation that only PostgreSQL knows is not sent by GET', async () => {
    await publish({ write: 'mutation Write { __typename }' });
    const headers = { 'apollo-require-preflight': 'true' };
    expect(await started().ask({}, { headers, get: { documentId: 'write' } })).toMatchObject({ status: 405 });
  });
});

test('automatic persisted queries work where any document runs', async () => {
  await publish({ lamp: QUERY });
  for (const documents of ['open', 'log-unknown'] as const) {
    settings.set({ documents });
    const { ask } = started();
    const text = `${OTHER} # ${documents}`;
    expect((await ask(named(text))).body).toMatchObject({
      errors: [{ extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }],
    });
    expect((await ask({ query: text, ...named(text) })).body).toEqual(LAMP);
    expect((await ask(named(text))).body).toEqual(LAMP);
  }
});

describe('while neither store answers', () => {
  const away: Sql = { query: () => Promise.reject(Object.assign(new Error('away'), { code: 'ECONNREFUSED' })) };

  test('nothing that has to be known is run, and the caller is told to come again', async () => {
    await publish({ lamp: QUERY });
    settings.set({ documents: 'known-only' });
    expect(await started({ sql: away }).ask({ query: QUERY })).toMatchObject({
      status: 503,
      body: { code: 'not_ready' },
    });
  });

  test('anything is run where anything may', async () => {
    await publish({ lamp: QUERY });
    settings.set({ documents: 'log-unknown' });
    expect((await started({ sql: away }).ask({ query: OTHER })).body).toEqual(LAMP);
  });
});
