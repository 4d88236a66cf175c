import { currentLiveGraph } from '../../lambdas/graph/current';
import { type Artifact, announce } from '../../lambdas/shared/graph/artifact';
import { statementsOn } from '../../lambdas/shared/stores/postgres';
import type { Redis } from '../../lambdas/shared/stores/redis';
import { captureOutput } from '../support/output';
import { type PlatformDatabase, startPlatformDatabase } from '../support/platform-database';
import { downRedis, startRedis, type TestRedis } from '../support/redis';

captureOutput();
let database: PlatformDatabase;
let redis: TestRedis;
let nowMs: number;
beforeAll(async () => {
  [database, redis] = await Promise.all([startPlatformDatabase(), startRedis()]);
}, 30_000);
afterAll(() => Promise.all([database.stop(), redis.stop()]));
beforeEach(async () => {
  nowMs = 0;
  await database.master.query('truncate gatehouse.graph_artifacts');
  await redis.client.flushall();
});

const artifact = (
  version: number,
  subgraphs = [{ name: 'products', url: 'https://products.example.com/' }],
): Artifact => ({
  version,
  supergraph: `# the graph ${version}`,
  subgraphs,
});
const store = ({ version, supergraph, subgraphs }: Artifact) =>
  database.master.query(
    `insert into gatehouse.graph_artifacts (version, supergraph, api_schema, subgraphs, cause, created_by)
     values ($1, $2, '', $3, '', '')`,
    [version, supergraph, JSON.stringify(subgraphs)],
  );
const environment = (of: Redis = redis.commands, pool = async () => database.app) =>
  currentLiveGraph({
    redis: of,
    sql: statementsOn(pool),
    nowMs: () => nowMs,
    send: async () => ({}),
    planning: { introspection: false },
  });
const dead = async () => Promise.reject(new Error('no database'));
const versionOf = async (current: ReturnType<typeof environment>) => (await current())?.version.split('-')[0];

test('what was announced last is in use within five seconds, looked for beside a request, and by one that comes late', async () => {
  await announce(redis.commands, artifact(1));
  const current = environment();
  expect(await versionOf(current)).toBe('1');
  await announce(redis.commands, artifact(2));
  nowMs += 1_000;
  expect(await versionOf(current)).toBe('1');
  nowMs += 1_000;
  expect(await versionOf(current)).toBe('1');
  while ((await versionOf(current)) === '1') await new Promise((done) => setTimeout(done, 5));
  expect(await versionOf(current)).toBe('2');
  await announce(redis.commands, artifact(3));
  nowMs += 4_500;
  expect(await versionOf(current)).toBe('3');
});

test('who holds a version goes on with it while another comes into use', async () => {
  await announce(redis.commands, artifact(1));
  const current = environment();
  const held = await current();
  await announce(redis.commands, artifact(2));
  nowMs += 5_000;
  const next = await current();
  expect(next).not.toBe(held);
  expect(held?.version.startsWith('1-')).toBe(true);
});

test('without its copy in Redis the graph is read from PostgreSQL, and told to the others', async () => {
  await store(artifact(4));
  expect(await versionOf(environment())).toBe('4');
  expect(await versionOf(environment(redis.commands, dead))).toBe('4');
});

test('without Redis and without PostgreSQL what is in use stays in use, and who has nothing says so', async () => {
  await announce(redis.commands, artifact(1));
  let isAway = false;
  const leaving: Redis = {
    ...redis.commands,
    call: (...words) => (isAway ? Promise.reject(new Error('away')) : redis.commands.call(...words)),
    insist: { call: (...words) => (isAway ? Promise.reject(new Error('away')) : redis.commands.call(...words)) },
  };
  const current = environment(leaving, dead);
  expect(await versionOf(current)).toBe('1');
  isAway = true;
  nowMs += 10_000;
  expect(await versionOf(current)).toBe('1');
  await expect(environment(downRedis(), dead)()).rejects.toThrow('no database');
});

test('where nothing was ever published, or everything was deleted, there is no graph', async () => {
  expect(await environment()()).toBeUndefined();
  await announce(redis.commands, artifact(1));
  const current = environment();
  expect(await versionOf(current)).toBe('1');
  await announce(redis.commands, artifact(2, []));
  nowMs += 5_000;
  expect(await current()).toBeUndefined();
});
