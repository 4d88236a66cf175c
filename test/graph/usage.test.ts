import { randomUUID } from 'node:crypto';
import { runnable } from '../../lambdas/graph/execute/execute';
import type { Operation } from '../../lambdas/graph/execute/operation';
import { type Usage, usage } from '../../lambdas/graph/usage';
import { documentHash } from '../../lambdas/shared/graph/documents';
import { dayOf, usageKey, usedDocumentKey } from '../../lambdas/shared/graph/usage';
import { RedisAway } from '../../lambdas/shared/stores/breaker';
import { logger } from '../../lambdas/shared/telemetry';
import { startRedis, type TestRedis } from '../support/redis';
import { type Shop, startShop } from '../support/shop';
import { environment } from './support';

jest.spyOn(logger, 'info').mockImplementation(() => undefined);
let redis: TestRedis;
let shop: Shop;
beforeAll(async () => {
  [redis, shop] = await Promise.all([startRedis(), startShop()]);
});
afterAll(() => Promise.all([redis.stop(), shop.stop()]));
beforeEach(() => redis.client.flushall());

const AT_MS = Date.parse('2026-11-24T23:59:00Z');
const TODAY = usageKey('2026-11-24');
const EMPTY: Operation = {
  cost: 1,
  kind: 'query',
  shapes: [{ types: {}, untyped: [] }],
  variables: [],
  defaults: {},
  inputs: {},
  enums: {},
  conditions: {},
};
const QUERY = '{ a }';
const HASH = documentHash(QUERY);

/** One environment, whose clock stands still until it is moved. */
function recorder(of = redis.commands) {
  let now = AT_MS;
  return {
    used: usage({ redis: of, nowMs: () => now }),
    wait: (milliseconds: number) => {
      now += milliseconds;
    },
  };
}
const note = (used: Usage, query = QUERY, operationName?: string) => {
  const known = runnable(EMPTY);
  const again = () => used.note(known, { query, operationName });
  again();
  return again;
};
/** What was sent is in Redis when what is sent after it has been answered. */
const told = async (key = TODAY) => {
  for (let n = 0; n < 3; n += 1) await redis.client.ping();
  return redis.client.hgetall(key);
};

test('an operation is told when it is first run, with its document', async () => {
  note(recorder().used);
  note(recorder().used, QUERY, 'Named');
  expect(await told()).toEqual({ [`${HASH}:`]: '1', [`${HASH}:Named`]: '1' });
  expect(await redis.client.get(usedDocumentKey(HASH))).toBe(QUERY);
  for (const key of [TODAY, usedDocumentKey(HASH)])
    expect(await redis.client.ttl(key)).toBeGreaterThan(30 * 24 * 60 * 60);
});

test('further runs are counted, and told once a minute by all together', async () => {
  const { used, wait } = recorder();
  const again = note(used);
  const other = note(used, '{ b }');
  for (let n = 0; n < 9; n += 1) again();
  other();
  expect(await told()).toMatchObject({ [`${HASH}:`]: '1' });
  wait(60_000);
  again();
  // The minute has brought the next day.
  expect(await told(usageKey('2026-11-25'))).toEqual({ [`${HASH}:`]: '10', [`${documentHash('{ b }')}:`]: '1' });
});

test('a day has so many operations at most, and those that it has go on being counted', async () => {
  const fields = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`h${index}:`, '1']));
  await redis.client.hset(TODAY, { ...fields, [`${HASH}:`]: '4' });
  await redis.client.hdel(TODAY, 'h0:');
  const { used } = recorder();
  note(used);
  note(used, '{ tooMany }');
  expect((await told())[`${HASH}:`]).toBe('5');
  expect(await redis.client.hlen(TODAY)).toBe(5_000);
  expect(await redis.client.exists(usedDocumentKey(documentHash('{ tooMany }')))).toBe(0);
});

test('without Redis nobody notices, and what was run meanwhile is told with the next run', async () => {
  let isDown = true;
  const flaky = {
    ...redis.commands,
    call: (command: string, ...values: (string | number)[]) =>
      isDown ? Promise.reject(new RedisAway('it is down')) : redis.commands.call(command, ...values),
  };
  const { used } = recorder(flaky);
  const again = note(used);
  await told();
  isDown = false;
  again();
  expect(await told()).toEqual({ [`${HASH}:`]: '2' });
  expect(await redis.client.get(usedDocumentKey(HASH))).toBe(QUERY);
});

test('the graph tells what it has run, and neither what it refuses nor what nobody keeps', async () => {
  const ask = environment({
    shop,
    redis: redis.commands,
    version: randomUUID(),
    introspection: true,
    usage: usage({ redis: redis.commands, nowMs: Date.now }),
  });
  const query = 'query Lamp { product(id: "product-01") { name } }';
  for (const asked of [{ query }, { query: '{ nothing }' }, { query: '{ __schema { queryType { name } } }' }])
    await ask(asked);
  expect(await told(usageKey(dayOf(Date.now())))).toEqual({ [`${documentHash(query)}:`]: '1' });
});
