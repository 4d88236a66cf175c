import { readFileSync } from 'node:fs';
import * as z from 'zod/mini';
import { SUBGRAPHS } from '../../examples/compose';
import { publishExamples } from '../../lambdas/registry/publish-examples';
import { currentVersion } from '../../lambdas/shared/graph/artifact';
import { captureOutput } from '../support/output';
import { downRedis } from '../support/redis';
import { inProcess, NEWS, startRegistry, type TestRegistry } from './support';

captureOutput();
let given: TestRegistry;
beforeAll(async () => {
  given = await startRegistry();
}, 30_000);
afterAll(() => given.stop());
beforeEach(() => given.clear());

const drafts = (host = 'one') =>
  SUBGRAPHS.map((name) => ({
    name,
    url: `https://${name}.${host}.example.com/`,
    sdl: readFileSync(`examples/subgraphs/${name}/schema.graphql`, 'utf8'),
  }));
const publish = (wanted = drafts(), redis = given.tenants.redis.commands) =>
  publishExamples(wanted, { pool: given.tenants.auth, redis, compose: inProcess });

test('a deployment publishes its examples as one graph, in the audit of the operator', async () => {
  expect(await publish()).toMatchObject({
    changed: true,
    graph: { version: 1, createdBy: 'deployment', cause: 'published accounts, products, reviews' },
  });
  expect(await currentVersion(given.tenants.redis.commands)).toBe(1);
  const organisation = given.operator.organisation;
  expect((await given.audit()).slice(0, 3)).toEqual(
    ['reviews', 'products', 'accounts'].map((name) => ({
      organisation_id: organisation,
      action: 'subgraph.published',
      target: `subgraph:${name}`,
      actor: 'deployment',
      before: null,
      after: '1',
    })),
  );
});

test('deploying again changes nothing, and announces what Redis has lost', async () => {
  await publish();
  const before = await given.rows();
  await given.tenants.redis.client.flushall();
  expect(await publish()).toMatchObject({ changed: false, graph: { version: 1 } });
  expect(await given.rows()).toEqual(before);
  expect(await currentVersion(given.tenants.redis.commands)).toBe(1);
});

test('only what has another address or another SDL is published again; what others have published stays', async () => {
  await publish();
  await given.environment().publish('news', NEWS);
  const moved = { url: 'https://moved.example.com/' };
  await publish(drafts().map((draft) => (draft.name === 'accounts' ? { ...draft, ...moved } : draft)));
  const { body } = await given.environment().call('getGraphArtifact');
  expect(body).toMatchObject({
    version: 3,
    cause: 'published accounts',
    subgraphs: [
      { name: 'accounts', url: 'https://moved.example.com/', version: 2 },
      { name: 'news', version: 1 },
      { name: 'products', version: 1 },
      { name: 'reviews', version: 1 },
    ],
  });
});

test('how a subgraph is asked stays as the operator has set it', async () => {
  await publish();
  const [{ name, url, sdl }] = z
    .tuple([z.object({ name: z.string(), url: z.string(), sdl: z.string() })])
    .parse(drafts().slice(0, 1));
  const settings = { timeoutMs: 2_000, forwardHeaders: ['accept-language'], principal: true };
  const set = await given.environment().call('publishSubgraph', { name, body: { url, sdl, ...settings } });
  expect(set).toMatchObject({ status: 200, body: { version: 2, ...settings } });
  expect(await publish()).toMatchObject({ changed: false });
  await publish(drafts('two'));
  const { body } = await given.environment().call('getSubgraph', { name });
  expect(body).toMatchObject({ version: 3, url: 'https://accounts.two.example.com/', ...settings });
});

test('without an operator it is published all the same', async () => {
  await given.sql('update gatehouse.organisations set operator = false');
  try {
    expect(await publish()).toMatchObject({ changed: true });
    const [last] = await given.audit();
    expect(last).toMatchObject({ organisation_id: '00000000-0000-0000-0000-000000000000', actor: 'deployment' });
  } finally {
    await given.sql('update gatehouse.organisations set operator = true where id = $1', [given.operator.organisation]);
  }
});

test('without Redis the deploy fails, and nothing is changed', async () => {
  await expect(publish(drafts(), downRedis())).rejects.toThrow('the cache does not answer');
  expect(await given.rows()).toEqual([[], [], []]);
});
