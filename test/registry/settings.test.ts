import { currentGraph, loadArtifact } from '../../lambdas/shared/graph/artifact';
import { statementsOn } from '../../lambdas/shared/stores/postgres';
import { captureOutput } from '../support/output';
import { type Environment, NEWS, startRegistry, type TestRegistry, urlOf } from './support';

captureOutput();
let given: TestRegistry;
let here: Environment;
beforeAll(async () => {
  given = await startRegistry();
  here = given.environment();
}, 30_000);
afterAll(() => given.stop());
beforeEach(() => given.clear());

const publish = (settings: object) =>
  here.call('publishSubgraph', { name: 'news', body: { url: urlOf('news'), sdl: NEWS, ...settings } });
const SETTINGS = { timeoutMs: 2_500, maxAnswerBytes: 100_000, forwardHeaders: ['accept-language', 'x-shop'] };

test('settings belong to the publication, and the graph runs on them', async () => {
  expect(await publish(SETTINGS)).toMatchObject({ status: 200, body: { version: 1, ...SETTINGS } });
  const { commands } = given.tenants.redis;
  const placed = { name: 'news', url: urlOf('news'), ...SETTINGS };
  expect((await currentGraph(commands))?.subgraphs).toEqual([placed]);
  await given.tenants.redis.client.flushall();
  expect((await loadArtifact(commands, statementsOn(given.tenants.app)))?.subgraphs).toEqual([placed]);
  expect((await here.call('getSubgraph', { name: 'news' })).body).toMatchObject(SETTINGS);
  expect((await here.call('listSubgraphs')).body).toMatchObject({ items: [SETTINGS] });
  expect((await here.call('getGraphArtifact')).body).toMatchObject({ subgraphs: [{ ...placed, version: 1 }] });
});

test('who asks is said only to whom that was allowed', async () => {
  expect((await publish({ principal: true })).body).toMatchObject({ version: 1, principal: true });
  expect((await publish({ principal: false })).body).toMatchObject({ version: 2 });
  expect((await publish({})).body).toMatchObject({ version: 2, graph: { changed: false } });
});

test('the same SDL with other settings is a new version; in another order or spelling they are the same', async () => {
  await publish(SETTINGS);
  const again = { ...SETTINGS, forwardHeaders: ['X-Shop', 'Accept-Language', 'x-shop'] };
  expect((await publish(again)).body).toMatchObject({ version: 1, graph: { changed: false } });
  expect((await publish({ ...SETTINGS, timeoutMs: 3_000 })).body).toMatchObject({ version: 2, timeoutMs: 3_000 });
  expect((await publish({})).body).toMatchObject({ version: 3, graph: { version: 3, changed: true } });
  expect((await here.call('getSubgraph', { name: 'news' })).body).not.toHaveProperty('timeoutMs');
});

test('a rollback brings back the settings too, and the audit has them', async () => {
  await publish(SETTINGS);
  await publish({});
  await here.call('rollBackSubgraph', { name: 'news', body: { version: 1 } });
  expect((await here.call('getSubgraph', { name: 'news' })).body).toMatchObject({ version: 3, ...SETTINGS });
  const [row] = await given.sql(
    "select record::jsonb -> 'after' as after from gatehouse.audit_log order by seq desc limit 1",
  );
  expect(row?.after).toMatchObject({ version: 3, ...SETTINGS });
});

test.each([
  { timeoutMs: 99 },
  { timeoutMs: 25_001 },
  { timeoutMs: 1.5 },
  { maxAnswerBytes: 1_023 },
  { maxAnswerBytes: 16 * 1024 * 1024 + 1 },
  { forwardHeaders: ['a b'] },
  { forwardHeaders: ['x_forwarded_for'] },
  { forwardHeaders: Array.from({ length: 21 }, (_, each) => `x-${each}`) },
  { other: true },
])('%j is refused', async (settings) => {
  expect(await publish(settings)).toMatchObject({ status: 400, body: { code: 'bad_request' } });
});

test.each([
  'Authorization',
  'cookie',
  'X-Api-Key',
  'host',
  'connection',
  'transfer-encoding',
  'x-amz-security-token',
  'x-amzn-trace-id',
  'content-length',
  'proxy-authorization',
  'x-forwarded-for',
  'x-gatehouse-principal',
  'x-request-id',
])('the header %s is never sent along', async (name) => {
  expect(await publish({ forwardHeaders: [name] })).toMatchObject({ status: 400, body: { code: 'bad_request' } });
});
