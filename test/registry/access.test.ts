import type { Identity } from '../../lambdas/shared/access/principal';
import { captureOutput } from '../support/output';
import { type Environment, LIGHT, NEWS, PRODUCTS, startRegistry, type TestRegistry, urlOf } from './support';

captureOutput();
let given: TestRegistry;
let here: Environment;
beforeAll(async () => {
  given = await startRegistry();
  here = given.environment();
}, 30_000);
afterAll(() => given.stop());
beforeEach(() => given.clear());

describe('who may', () => {
  test('is the operator, and a key of the operator with the scope', async () => {
    const [writer, reader] = [await given.keyWith('subgraphs:write'), await given.keyWith('subgraphs:read')];
    const publish = (as: Identity) =>
      here.call('publishSubgraph', { as, name: 'news', body: { url: urlOf('news'), sdl: NEWS } });
    expect(await publish(reader)).toMatchObject({ status: 403 });
    expect(await publish(writer)).toMatchObject({ status: 200, body: { publishedBy: `api_key:${writer.id}` } });
    expect(await here.call('listSubgraphs', { as: writer })).toMatchObject({ status: 403 });
    expect(await here.call('listSubgraphs', { as: reader })).toMatchObject({ status: 200 });
  });

  test.each([
    ['a viewer of the operator', 'viewer', 'acme.example'],
    ['an editor of the operator', 'editor', 'acme.example'],
    ['an administrator of another organisation', 'admin', 'globex.example'],
  ] as const)('is not %s', async (_, role, domain) => {
    const as = await given.tenants.signedIn(role, domain);
    await here.publish('products', PRODUCTS);
    const before = await given.rows();
    const asked = { as, name: 'products' };
    for (const answer of [
      await here.call('listSubgraphs', { as }),
      await here.call('getSubgraph', asked),
      await here.call('listSubgraphVersions', asked),
      await here.call('getGraphArtifact', { as }),
      await here.call('publishSubgraph', { ...asked, body: { url: urlOf('products'), sdl: LIGHT } }),
      await here.call('checkSubgraph', { ...asked, body: { sdl: LIGHT } }),
      await here.call('rollBackSubgraph', { ...asked, body: { version: 1 } }),
      await here.call('deleteSubgraph', asked),
    ])
      expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect(await given.rows()).toEqual(before);
  });
});

const DENIED = { code: '42501' };
const GLOBEX = '0a000000-0000-4000-8000-000000000002';
/** As the functions' login, in one transaction that speaks for this organisation. */
async function speaking(organisation: string, statement: string): Promise<number> {
  const client = await given.tenants.database.app.connect();
  try {
    await client.query('begin');
    await client.query("select set_config('gatehouse.organisation', $1, true)", [organisation]);
    return (await client.query(statement)).rowCount ?? 0;
  } finally {
    await client.query('rollback');
    client.release();
  }
}

describe('in the database', () => {
  test('a tenant reads the graph and no subgraph', async () => {
    await here.publish('products', PRODUCTS);
    expect(await speaking(GLOBEX, 'table gatehouse.graph_artifacts')).toBe(1);
    expect(await speaking(GLOBEX, 'table gatehouse.subgraphs')).toBe(0);
    expect(await speaking(GLOBEX, 'table gatehouse.subgraph_versions')).toBe(0);
    expect(await speaking(given.operator.organisation, 'table gatehouse.subgraph_versions')).toBe(1);
  });

  test.each([
    "insert into gatehouse.subgraphs (name, version) values ('x', 1)",
    `insert into gatehouse.graph_artifacts (version, supergraph, api_schema, subgraphs, cause, created_by)
      values (99, '', '', '[]', '', '')`,
    `insert into gatehouse.subgraph_versions (name, version, url, sdl, published_by) values ('products', 9, 'u', 's', '')`,
  ])('a tenant writes none: %s', async (statement) => {
    await expect(speaking(GLOBEX, statement)).rejects.toMatchObject(DENIED);
  });

  test.each(['subgraph_versions', 'graph_artifacts'])('nobody changes or deletes what is in %s', async (table) => {
    for (const statement of [`delete from gatehouse.${table}`, `update gatehouse.${table} set version = 7`])
      await expect(speaking(given.operator.organisation, statement)).rejects.toMatchObject(DENIED);
  });
});
