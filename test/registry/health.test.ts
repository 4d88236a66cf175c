import { checkSubgraphs } from '../../lambdas/registry/check-subgraphs';
import { openSend } from '../../lambdas/shared/http/send';
import { statementsOn } from '../../lambdas/shared/stores/postgres';
import type { Sql } from '../../lambdas/shared/stores/tenancy';
import { listen, type TestServer } from '../support/http';
import { captureOutput } from '../support/output';
import { downRedis } from '../support/redis';
import { type Environment, NEWS, startRegistry, type TestRegistry } from './support';

captureOutput();
const identity = { region: 'us-east-1', accessKeyId: 'key', secretAccessKey: 'secret', sessionToken: undefined };
const clock = { nowMs: Date.parse('2026-01-01T00:00:00Z') };
let given: TestRegistry;
let here: Environment;
let service: TestServer;
let answer: string | undefined;
let status = 200;
const asked: unknown[] = [];

beforeAll(async () => {
  given = await startRegistry();
  here = given.environment({ privateTargets: true });
  service = await listen((request, response) => {
    asked.push(request.headers['x-request-id']);
    if (answer !== undefined) response.writeHead(status).end(answer);
  });
}, 30_000);
afterAll(() => Promise.all([given.stop(), service.stop()]));
beforeEach(async () => {
  await given.clear();
  answer = '{"data":{"__typename":"Query"}}';
  status = 200;
  asked.length = 0;
});

/** The check of one minute, and the next minute. */
async function check({ sql, privateTargets = true }: { readonly sql?: Sql; readonly privateTargets?: boolean } = {}) {
  const send = openSend({ identity, signedUrls: [], privateTargets });
  const deps = {
    redis: given.tenants.redis.commands,
    sql: sql ?? statementsOn(given.tenants.app),
    send,
    nowMs: () => clock.nowMs,
    timeoutMs: 100,
  };
  await checkSubgraphs('check-12345678', deps);
  clock.nowMs += 60_000;
}
const isoNow = () => new Date(clock.nowMs).toISOString();
const healthOf = async (name = 'news') => (await here.call('getSubgraph', { name })).body.health;
const publish = (url = service.url) => here.publish('news', NEWS, { url });

test('a subgraph is unknown until its first check, then up since then', async () => {
  await publish();
  expect(await healthOf()).toBeNull();
  const at = isoNow();
  await check();
  const health = {
    state: 'up',
    sinceAt: at,
    latencyMs: expect.any(Number),
    checkedAt: at,
    history: [{ at, state: 'up', latencyMs: expect.any(Number) }],
  };
  expect(await healthOf()).toEqual(health);
  expect((await here.call('listSubgraphs')).body).toMatchObject({ items: [{ name: 'news', health }] });
  expect(asked).toEqual(['check-12345678']);
});

test.each([
  ['silence', undefined],
  ['HTML', '<html>'],
  ['JSON that is no answer to the question', '{"data":{}}'],
])('%s is down since the first such check, and up again since the first right one', async (_, wrong) => {
  await publish();
  await check();
  const right = answer;
  answer = wrong;
  const downAt = isoNow();
  await check();
  await check();
  expect(await healthOf()).toMatchObject({ state: 'down', sinceAt: downAt, latencyMs: null });
  answer = right;
  const upAt = isoNow();
  await check();
  expect(await healthOf()).toMatchObject({
    state: 'up',
    sinceAt: upAt,
    checkedAt: upAt,
    history: [{ state: 'up' }, { state: 'down' }, { state: 'down' }, { state: 'up' }],
  });
});

test.each([
  [401, true, 'up'],
  [403, true, 'up'],
  [404, true, 'down'],
  [401, false, 'down'],
])('a subgraph that answers %d, and is told who asks: %s, is %s', async (code, principal, state) => {
  status = code;
  await here.call('publishSubgraph', { name: 'news', body: { url: service.url, sdl: NEWS, principal } });
  await check();
  expect(await healthOf()).toMatchObject({ state });
});

test('the last sixty checks are kept, for a day', async () => {
  await publish();
  for (let minute = 0; minute < 62; minute += 1) await check();
  expect(await healthOf()).toMatchObject({ history: { length: 60 } });
  const ttl = await given.tenants.redis.client.ttl('gatehouse:graph:health');
  expect(ttl).toBeGreaterThan(86_000);
  expect(ttl).toBeLessThanOrEqual(86_400);
});

test('of another address nothing is known, and of a subgraph that is gone nothing is kept', async () => {
  await publish();
  await check();
  const url = `${service.url}elsewhere`;
  await publish(url);
  expect(await healthOf()).toBeNull();
  await check();
  expect(await healthOf()).toMatchObject({ history: { length: 1 } });
  await here.call('deleteSubgraph', { name: 'news' });
  await check();
  expect(await given.tenants.redis.client.get('gatehouse:graph:health')).toBe('{}');
});

test('a private address is not asked where the stage has none', async () => {
  await publish();
  await check({ privateTargets: false });
  expect([asked, await healthOf()]).toMatchObject([[], { state: 'down' }]);
});

test('while nobody asks the graph, checks go on without waking the database', async () => {
  await publish();
  await check();
  await given.tenants.redis.client.del('gatehouse:graph:current');
  const unasked: Sql = { query: () => Promise.reject(new Error('asked')) };
  await check({ sql: unasked });
  expect(await healthOf()).toMatchObject({ history: { length: 2 } });
});

test('without Redis subgraphs are read, their health unknown', async () => {
  await publish();
  const away = given.environment({ redis: downRedis() });
  expect((await away.call('listSubgraphs')).body).toMatchObject({ items: [{ name: 'news', health: null }] });
});
