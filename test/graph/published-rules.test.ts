import { graphRoutes } from '../../lambdas/graph/contract';
import { currentLiveGraph } from '../../lambdas/graph/current';
import { federatedGraph } from '../../lambdas/graph/operations';
import { serve } from '../../lambdas/shared/http/serve';
import { statementsOn } from '../../lambdas/shared/stores/postgres';
import { startRegistry, type TestRegistry } from '../registry/support';
import { served } from '../support/event';
import { askAs, type ServedSubgraphs, send, serveSubgraphs } from '../support/federation/served-graph';
import { captureOutput } from '../support/output';

const LINK = (...names: string[]) =>
  `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", ${names.join(', ')}])`;
const RULES = ['"@authenticated"', '"@requiresScopes"', '"@policy"'];
const SDLS = {
  people: `${LINK(...RULES, '"@cost"', '"@listSize"')}
    type Query { people: [Person!]! @listSize(assumedSize: 3) }
    type Person @authenticated @key(fields: "id") { id: ID! name: String @cost(weight: 2) }`,
  // By names of its own: what counts is what they are linked to.
  pay: `${LINK('{ name: "@requiresScopes", as: "@needs" }', '{ name: "@policy", as: "@only" }')}
    type Person @key(fields: "id") {
      id: ID! salary: Int @needs(scopes: [["audit:read"]]) bonus: Int @only(policies: [["admin"]])
    }`,
};

captureOutput();
let registry: TestRegistry;
let subgraphs: ServedSubgraphs;
beforeAll(async () => {
  [registry, subgraphs] = await Promise.all([startRegistry(), serveSubgraphs(SDLS)]);
}, 30_000);
afterAll(() => Promise.all([registry.stop(), subgraphs.stop()]));

test('what a published schema asks of callers is in force as soon as it is in use', async () => {
  const { commands } = registry.tenants.redis;
  const environment = registry.environment({ privateTargets: true });
  for (const [name, sdl] of Object.entries(SDLS)) {
    const url = subgraphs.urls[name] ?? '';
    expect(await environment.call('checkSubgraph', { name, body: { url, sdl } })).toMatchObject({
      body: { passed: true, composes: true },
    });
    expect(await environment.publish(name, sdl, { url })).toMatchObject({ status: 200 });
  }
  const current = currentLiveGraph({
    redis: commands,
    sql: statementsOn(registry.tenants.app),
    nowMs: () => performance.now(),
    send: send(Object.values(subgraphs.urls)),
    planning: { introspection: false },
  });
  const { operations, costs } = federatedGraph(current);
  const handler = serve(graphRoutes, operations, { ...served, costs });

  const query = '{ people { name salary bonus } }';
  const { body } = await askAs(handler, ['viewer'], { query });
  expect(body.errors?.map(({ path }) => path?.join('.'))).toEqual(['people.@.salary', 'people.@.bonus']);
  expect(JSON.stringify(body.data)).not.toMatch(/"(salary|bonus)":\d/);
  expect(subgraphs.asked.map(({ subgraph }) => subgraph)).toEqual(['people']);
  expect((await askAs(handler, ['admin'], { query })).body).not.toHaveProperty('errors');
});
