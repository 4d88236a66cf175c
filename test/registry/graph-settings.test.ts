import { DEFAULT_GRAPH_SETTINGS, GRAPH, type GraphSettings } from '../../lambdas/shared/graph/settings';
import { copyKey } from '../../lambdas/shared/settings/kind';
import { liveSettings } from '../../lambdas/shared/settings/live-settings';
import { settingsSource } from '../../lambdas/shared/settings/stored-settings';
import { captureOutput } from '../support/output';
import { downRedis } from '../support/redis';
import { statuses } from '../tenants/support';
import { type Environment, startRegistry, type TestRegistry } from './support';

captureOutput();
let given: TestRegistry;
let here: Environment;
beforeAll(async () => {
  given = await startRegistry();
  here = given.environment();
}, 30_000);
afterAll(() => given.stop());
beforeEach(() => given.clear());

const STRICT: GraphSettings = { documents: 'ids-only', limits: 'enforce', cost: 'warn', introspection: 'off' };
const put = (body: unknown, ifMatch?: string) =>
  here.call('putGraphSettings', { body, ...(ifMatch !== undefined && { ifMatch }) });
const graphThere = () => {
  const { app, redis } = given.tenants;
  return liveSettings(
    GRAPH,
    DEFAULT_GRAPH_SETTINGS,
    settingsSource(redis.commands, app, GRAPH, DEFAULT_GRAPH_SETTINGS),
  );
};

describe('the settings of the graph', () => {
  test('are open to all documents and enforce its limits, until somebody sets others', async () => {
    const { status, headers, body } = await here.call('getGraphSettings');
    expect([status, headers.etag, body]).toEqual([
      200,
      '"0"',
      { version: 0, deployed: true, settings: DEFAULT_GRAPH_SETTINGS },
    ]);
  });

  test('are replaced while it runs, and reach every environment of the graph', async () => {
    const there = graphThere();
    expect((await there.fresh()).version).toBe(0);
    expect(await put(STRICT)).toMatchObject({
      status: 200,
      headers: { etag: '"1"' },
      body: { version: 1, deployed: false, settings: STRICT, inForceWithinSeconds: 2 },
    });
    expect(await there.confirmed()).toEqual({ version: 1, settings: STRICT });
    expect(await graphThere().fresh()).toEqual({ version: 1, settings: STRICT });
  });

  test('enforce the costs of operations where they were set before that could be said', async () => {
    const { cost: _, ...before } = STRICT;
    expect(await put(before)).toMatchObject({ status: 200, body: { settings: { ...before, cost: 'enforce' } } });
    await given.tenants.redis.client.set(copyKey(GRAPH), JSON.stringify({ version: 2, settings: before }));
    expect((await graphThere().fresh()).settings).toEqual({ ...before, cost: 'enforce' });
  });

  test('are found in PostgreSQL where Redis has lost them', async () => {
    await put(STRICT);
    await given.tenants.redis.client.del(copyKey(GRAPH));
    expect((await graphThere().fresh()).settings).toEqual(STRICT);
    expect(await given.tenants.redis.client.exists(copyKey(GRAPH))).toBe(1);
  });

  test('are in the audit of the operator, and are no settings of the limits', async () => {
    await put(STRICT);
    const [noted] = await given.sql(
      "select target, record::jsonb -> 'after' as after from gatehouse.audit_log where action = 'settings.changed' order by at desc, seq desc limit 1",
    );
    expect(noted).toEqual({ target: 'settings:graph', after: { version: 1, settings: STRICT } });
    expect(await given.sql('select name, version from gatehouse.settings')).toEqual([{ name: 'graph', version: 1 }]);
  });

  test('are changed once by two who change the same version', async () => {
    expect(statuses(await Promise.all([put(STRICT, '"0"'), put(STRICT, '"0"')]))).toEqual([200, 412]);
  });

  test.each([
    ['a mode is not known', { ...STRICT, documents: 'closed' }, 'documents must be one of'],
    ['a member is missing', { documents: 'open', limits: 'warn' }, 'introspection is missing'],
    ['a member is not known', { ...STRICT, more: 1 }, 'more'],
  ])('in which %s are refused', async (_, body, detail) => {
    expect(await put(body)).toMatchObject({ status: 400, body: { detail: expect.stringContaining(detail) } });
    expect(await given.sql('table gatehouse.settings')).toEqual([]);
  });

  test('are not changed without Redis', async () => {
    const away = given.environment({ redis: downRedis() });
    expect(await away.call('putGraphSettings', { body: STRICT })).toMatchObject({ status: 503 });
    expect(await given.sql('table gatehouse.settings')).toEqual([]);
  });

  test('are changed by no key that may only publish', async () => {
    const as = await given.keyWith('subgraphs:read', 'subgraphs:write');
    expect(await here.call('putGraphSettings', { as, body: STRICT })).toMatchObject({ status: 403 });
    expect(await here.call('getGraphSettings', { as })).toMatchObject({ status: 403 });
  });
});
