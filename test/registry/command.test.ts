import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { subgraph } from '../../bin/subgraph';
import { registryRoutes } from '../../lambdas/registry/contract';
import { documentHash } from '../../lambdas/shared/graph/documents';
import { dayOf, fieldOf, usageKey, usedDocumentKey } from '../../lambdas/shared/graph/usage';
import { captureOutput } from '../support/output';
import { temporaryFolder } from '../support/temporary-folder';
import { type Environment, LIGHT, NEWS, PRODUCTS, startRegistry, type TestRegistry, urlOf } from './support';

captureOutput();
const folder = temporaryFolder('gatehouse-subgraph-');
let given: TestRegistry;
let here: Environment;
beforeAll(async () => {
  given = await startRegistry();
  here = given.environment();
}, 30_000);
afterAll(() => given.stop());
beforeEach(() => given.clear());

const Text = z.string();
const env = { GATEHOUSE_URL: 'https://api.example.com/', GATEHOUSE_API_KEY: 'ghk_test' };
const operations = ['publishSubgraph', 'checkSubgraph'] as const;

/** The gateway, as far as the command asks it. */
const toHandler: typeof fetch = async (input, init) => {
  expect(init?.headers).toMatchObject({ 'x-api-key': 'ghk_test' });
  const [, name = '', check] = new URL(Text.parse(input)).pathname.split('/').slice(2);
  const operation = operations.find((each) => registryRoutes[each].path.endsWith(check ? '/check' : '{name}'));
  const { status, text } = await here.call(operation ?? 'checkSubgraph', {
    name,
    body: JSON.parse(Text.parse(init?.body)),
  });
  return new Response(text, { status });
};

async function run(...parameters: string[]) {
  const lines: string[] = [];
  const code = await subgraph(parameters, { env, fetch: toHandler, write: (line) => void lines.push(line) });
  return { code, lines };
}

function file(sdl: string): string {
  const path = join(folder, 'schema.graphql');
  writeFileSync(path, sdl);
  return path;
}

test('a schema that composes passes the check with 0, and is not published', async () => {
  expect(await run('check', 'news', '--schema', file(NEWS))).toEqual({ code: 0, lines: ['news composes'] });
  expect(await given.rows()).toEqual([[], [], []]);
});

test('a schema that does not compose fails with 1, and the place in its file', async () => {
  const schema = file('type Query {\n  a: Nothing\n}');
  for (const parameters of [['check'], ['publish', '--url', urlOf('broken')]])
    expect(await run(...parameters, 'broken', '--schema', schema)).toEqual({
      code: 1,
      lines: [expect.stringMatching(/^error INVALID_GRAPHQL: /), `  at ${schema}:2:6`, 'broken does not compose'],
    });
  expect(await given.rows()).toEqual([[], [], []]);
});

test('a schema is published, and again without a change', async () => {
  for (const how of ['is published', 'was published already'])
    expect(await run('publish', 'products', '--url', urlOf('products'), '--schema', file(PRODUCTS))).toEqual({
      code: 0,
      lines: [`products ${how} as version 1; the graph is at version 1`],
    });
});

test('what breaks callers is published only when that is meant', async () => {
  await here.publish('products', PRODUCTS);
  const parameters = ['publish', 'products', '--url', urlOf('products'), '--schema', file(LIGHT)];
  const breaking = 'breaking FIELD_REMOVED: Product.weight was removed.';
  expect(await run(...parameters)).toEqual({ code: 1, lines: [breaking, 'products breaks callers'] });
  expect(await run(...parameters, '--allow-breaking')).toEqual({
    code: 0,
    lines: [breaking, 'products is published as version 2; the graph is at version 2'],
  });
});

test('who uses what goes away is named', async () => {
  await here.publish('products', PRODUCTS);
  const { client } = given.tenants.redis;
  const [document, today] = ['{ products { weight } }', dayOf(Date.now())];
  const hash = documentHash(document);
  await client.hset(usageKey(today), fieldOf({ hash, operationName: '' }), 57);
  await client.set(usedDocumentKey(hash), document);
  expect((await run('check', 'products', '--schema', file(LIGHT))).lines).toEqual([
    'breaking FIELD_REMOVED: Product.weight was removed.',
    `breaks an operation without a name (${hash.slice(0, 12)}), run 57 times, last on ${today}`,
    '  Cannot query field "weight" on type "Product".',
    'products breaks callers',
  ]);
});

test.each([
  [['check']],
  [['delete', 'news']],
  [['check', 'news']],
  [['publish', 'news', '--schema', 'x']],
  [['check', 'news', 'more', '--url', 'x']],
  [['check', 'news', '--force']],
])('%j is no command: 2, with the usage', async (parameters) => {
  const { code, lines } = await run(...parameters);
  expect([code, lines.at(-1)]).toEqual([2, expect.stringContaining('npm run subgraph -- check')]);
});

test('a refusal ends with 2 and says why', async () => {
  expect(await run('check', 'news', '--url', 'http://10.0.0.1/')).toEqual({
    code: 2,
    lines: [expect.stringMatching(/^checkSubgraph answered 400 bad_request: body: url: /)],
  });
});

test('a file that is not there ends with 2', async () => {
  expect(await run('check', 'news', '--schema', join(folder, 'none'))).toMatchObject({ code: 2 });
});

test('settings are published with the schema; what is none of them is not sent', async () => {
  const settings = join(folder, 'settings.json');
  const publish = ['publish', 'news', '--schema', file(NEWS), '--url', urlOf('news'), '--settings', settings];
  writeFileSync(settings, '{"timeoutMs": 2000, "forwardHeaders": ["accept-language"]}');
  expect(await run(...publish)).toMatchObject({ code: 0 });
  expect((await here.call('getSubgraph', { name: 'news' })).body).toMatchObject({
    timeoutMs: 2_000,
    forwardHeaders: ['accept-language'],
  });
  writeFileSync(settings, '{"timeout": 2}');
  expect(await run(...publish)).toMatchObject({ code: 2 });
});
