import {
  type Artifact,
  announce,
  currentVersion,
  forgetCurrent,
  loadArtifact,
} from '../../../lambdas/shared/graph/artifact';
import { statementsOn } from '../../../lambdas/shared/stores/postgres';
import type { Sql } from '../../../lambdas/shared/stores/tenancy';
import { captureOutput } from '../../support/output';
import { type PlatformDatabase, startPlatformDatabase } from '../../support/platform-database';
import { downRedis, startRedis, type TestRedis } from '../../support/redis';

captureOutput();
let database: PlatformDatabase;
let redis: TestRedis;
let sql: Sql;
beforeAll(async () => {
  [database, redis] = await Promise.all([startPlatformDatabase(), startRedis()]);
  sql = statementsOn(async () => database.app);
}, 30_000);
afterAll(() => Promise.all([database.stop(), redis.stop()]));
beforeEach(async () => {
  await database.master.query('truncate gatehouse.graph_artifacts');
  await redis.client.flushall();
});

const artifact = (version: number): Artifact => ({
  version,
  supergraph: `# the graph ${version}`,
  subgraphs: [{ name: 'products', url: `https://products.example.com/${version}` }],
});
const store = ({ version, supergraph, subgraphs }: Artifact) =>
  database.master.query(
    `insert into gatehouse.graph_artifacts (version, supergraph, api_schema, subgraphs, cause, created_by)
     values ($1, $2, '', $3, '', '')`,
    [version, supergraph, JSON.stringify(subgraphs)],
  );
/** A database that must not be asked: a paused one would be woken. */
const unasked: Sql = { query: () => Promise.reject(new Error('asked')) };

test('what is announced is current, and is found without the database', async () => {
  await announce(redis.commands, artifact(3));
  expect(await currentVersion(redis.commands)).toBe(3);
  expect(await loadArtifact(redis.commands, unasked)).toEqual(artifact(3));
  expect(await loadArtifact(redis.commands, unasked, 3)).toEqual(artifact(3));
});

test('an older version never takes the place of a newer one', async () => {
  await announce(redis.commands, artifact(3));
  await announce(redis.commands, artifact(2));
  expect(await currentVersion(redis.commands)).toBe(3);
});

test.each(['nonsense', '{"version":"9"}'])('anything takes the place of %s', async (text) => {
  await redis.client.set('gatehouse:graph:current', text);
  expect(await currentVersion(redis.commands)).toBeUndefined();
  await announce(redis.commands, artifact(1));
  expect(await currentVersion(redis.commands)).toBe(1);
});

test('what Redis has lost comes from the database, and is told again', async () => {
  await store(artifact(1));
  await store(artifact(2));
  expect(await loadArtifact(redis.commands, sql)).toEqual(artifact(2));
  expect(await currentVersion(redis.commands)).toBe(2);
  expect(await loadArtifact(redis.commands, unasked)).toEqual(artifact(2));
});

test('an earlier version is found, and does not become current by that', async () => {
  await store(artifact(1));
  await announce(redis.commands, artifact(2));
  expect(await loadArtifact(redis.commands, sql, 1)).toEqual(artifact(1));
  expect(await currentVersion(redis.commands)).toBe(2);
});

test('the version that is current is found though its text is lost', async () => {
  await store(artifact(2));
  await announce(redis.commands, artifact(2));
  await redis.client.del('gatehouse:graph:artifact:2');
  expect(await loadArtifact(redis.commands, sql)).toEqual(artifact(2));
});

test('without Redis it comes from the database', async () => {
  await store(artifact(1));
  expect(await loadArtifact(downRedis(), sql)).toEqual(artifact(1));
  await expect(currentVersion(downRedis())).rejects.toThrow('Redis');
});

test('before anything was published there is none', async () => {
  expect(await loadArtifact(redis.commands, sql)).toBeUndefined();
  expect(await currentVersion(redis.commands)).toBeUndefined();
});

test('what is forgotten is asked of the database', async () => {
  await announce(redis.commands, artifact(1));
  await store(artifact(2));
  await forgetCurrent(redis.commands);
  expect(await currentVersion(redis.commands)).toBeUndefined();
  expect(await loadArtifact(redis.commands, sql)).toEqual(artifact(2));
});
