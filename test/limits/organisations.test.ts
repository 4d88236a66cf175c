import { randomUUID } from 'node:crypto';
import { ORGANISATIONS } from '../../lambdas/seed/seed';
import type { Identity } from '../../lambdas/shared/access/principal';
import { captureOutput } from '../support/output';
import { downRedis } from '../support/redis';
import { type Environment, only, outcomes, startLimits, type TestLimits } from './support';

captureOutput();
const [{ id: acme }, { id: globex }] = ORGANISATIONS;

let given: TestLimits;
let here: Environment;
let operator: Identity;
beforeAll(async () => {
  given = await startLimits();
  here = given.environment();
  operator = await given.tenants.signedIn('admin');
}, 30_000);
afterAll(() => given.stop());
beforeEach(() => given.sql("update gatehouse.organisations set plan = 'free', limits = null where id = $1", [globex]));

const patch = (id: string, body: unknown, ifMatch?: string) =>
  here.call('updateOrganisationSettings', { as: operator, id, body, ...(ifMatch !== undefined && { ifMatch }) });
const read = (id: string) => here.call('getOrganisationSettings', { as: operator, id });

describe('the operator', () => {
  test('reads and sets the plan and the limits of any organisation', async () => {
    const limits = { organisation: { perMinute: 5_000, quota: null }, principal: { burst: 7 } };
    const before = await read(globex);
    expect(before).toMatchObject({ status: 200, body: { name: 'Globex', plan: 'free', limits: null } });
    const { status, headers, body } = await patch(globex, { plan: 'pro', limits });
    expect([status, body]).toMatchObject([200, { id: globex, name: 'Globex', plan: 'pro', limits }]);
    expect(headers.etag).toBe(`"${Number(before.body.version) + 1}"`);
    expect((await read(globex)).body).toEqual(body);
    // What a change leaves out stays.
    expect((await patch(globex, { plan: 'enterprise' })).body).toMatchObject({ plan: 'enterprise', limits });
    expect((await patch(globex, { limits: null })).body).toMatchObject({ plan: 'enterprise', limits: null });
  });

  test('sets those of its own organisation too, and that is in its audit once', async () => {
    expect((await patch(acme, { plan: 'enterprise' })).status).toBe(200);
    const noted = await given.sql(
      "select organisation_id from gatehouse.audit_log where action = 'organisation.plan_changed' and target = $1",
      [`organisation:${acme}`],
    );
    expect(noted).toEqual([{ organisation_id: acme }]);
  });

  test('changes only the version that is named', async () => {
    const { headers } = await read(globex);
    expect((await patch(globex, { plan: 'pro' }, String(headers.etag))).status).toBe(200);
    expect(await patch(globex, { plan: 'free' }, String(headers.etag))).toMatchObject({ status: 412 });
    expect((await read(globex)).body).toMatchObject({ plan: 'pro' });
  });

  test.each<[string, unknown, string]>([
    ['that names nothing', {}, 'names nothing'],
    ['to a plan that is none', { plan: 'gold' }, 'plan must be one of: free, pro, enterprise, custom'],
    ['to a limit that is none', { limits: { principal: { burst: 0 } } }, 'limits.principal.burst must be at least 1'],
    ['of something else', { operator: true }, 'operator is not known here'],
    ['of a name that no limit has', { limits: { organisation: { rps: 1 } } }, 'limits.organisation.rps'],
  ])('is told what is wrong with a change %s', async (_, body, detail) => {
    expect(await patch(globex, body)).toMatchObject({ status: 400, body: { detail: expect.stringContaining(detail) } });
  });

  test('finds no organisation that is not there', async () => {
    expect(await read(randomUUID())).toMatchObject({ status: 404 });
    expect(await patch(randomUUID(), { plan: 'pro' })).toMatchObject({ status: 404 });
  });

  test('is asked to come again when Redis is away, and nothing is changed', async () => {
    const away = given.environment(downRedis());
    const asked = { as: operator, id: globex, body: { plan: 'pro' } };
    expect(await away.call('updateOrganisationSettings', asked)).toMatchObject({ status: 503 });
    expect((await read(globex)).body).toMatchObject({ plan: 'free' });
  });
});

test('a change counts from the next request on of a caller that was just served, in every environment', async () => {
  const there = given.environment();
  const viewer = await given.tenants.signedIn('viewer', 'globex.example');
  expect(await outcomes(there, viewer, 5)).not.toContain('rate_limited');
  await patch(globex, { limits: { principal: only(2) } });
  expect(await outcomes(there, viewer, 3)).toEqual(['admitted', 'admitted', 'rate_limited']);
  await patch(globex, { plan: 'pro', limits: null });
  expect((await there.call('getLimits', { as: viewer })).body).toMatchObject({ plan: 'pro', organisationPlan: 'pro' });
});

test("an organisation's own limit holds above what a key has", async () => {
  const key = await given.key({ domain: 'globex.example', plan: 'enterprise', limits: { burst: 100_000 } });
  await patch(globex, { limits: { organisation: only(2) } });
  expect(await outcomes(here, key, 3)).toEqual(['admitted', 'admitted', 'rate_limited']);
});

test('a change is in the audit of whom it concerns and in that of the operator; where the operator sits is in the latter', async () => {
  await patch(globex, { plan: 'custom', limits: { principal: { burst: 9 } } });
  const noted = await given.sql(
    `select distinct on (organisation_id) organisation_id, actor, record::jsonb -> 'before' ->> 'plan' as before,
       record::jsonb -> 'after' -> 'limits' as limits, record::jsonb -> 'from' ->> 'sourceIp' as address
     from gatehouse.audit_log where action = 'organisation.plan_changed' and target = $1
     order by organisation_id, seq desc`,
    [`organisation:${globex}`],
  );
  const same = { actor: `user:${operator.id}`, before: 'free', limits: { principal: { burst: 9 } } };
  expect(noted).toEqual([
    { organisation_id: acme, ...same, address: '192.0.2.1' },
    { organisation_id: globex, ...same, address: '' },
  ]);
});

/** As the functions' login, in one transaction that speaks for this organisation. */
async function speaking(organisation: string, statement: string, values: readonly unknown[] = []): Promise<number> {
  const client = await given.tenants.database.app.connect();
  try {
    await client.query('begin');
    await client.query("select set_config('gatehouse.organisation', $1, true)", [organisation]);
    return (await client.query(statement, [...values])).rowCount ?? 0;
  } finally {
    await client.query('rollback');
    client.release();
  }
}
const DENIED = { code: '42501' };

describe('in the database', () => {
  test.each([
    ['its plan', "update gatehouse.organisations set plan = 'enterprise'"],
    ['its limits', "update gatehouse.organisations set limits = '{}'"],
    ['itself to be the operator', 'update gatehouse.organisations set operator = true'],
    ['the plan of a new one', "insert into gatehouse.organisations (name, plan) values ('x', 'enterprise')"],
    ['a new one to be the operator', "insert into gatehouse.organisations (name, operator) values ('x', true)"],
    ['a plan by the function of the operator', `select gatehouse.set_plan('${globex}', 'enterprise', null)`],
    ['the settings', "insert into gatehouse.settings (name, version, value) values ('limits', 1, '{}')"],
  ])('a tenant sets not %s', async (_, statement) => {
    await expect(speaking(globex, statement)).rejects.toMatchObject(DENIED);
  });

  test('a tenant renames its organisation, as before', async () => {
    expect(await speaking(globex, "update gatehouse.organisations set name = 'G' where id = $1", [globex])).toBe(1);
  });

  test('a tenant reads the settings, and changes none that are there', async () => {
    await given.sql("insert into gatehouse.settings (name, version, value) values ('limits', 1, '{}')");
    expect(await speaking(globex, 'select from gatehouse.settings')).toBe(1);
    expect(await speaking(globex, 'update gatehouse.settings set version = 9')).toBe(0);
    await expect(speaking(globex, 'delete from gatehouse.settings')).rejects.toMatchObject(DENIED);
    await given.sql('delete from gatehouse.settings');
  });

  test('nobody in particular is no operator', async () => {
    await expect(speaking('', `select gatehouse.set_plan('${globex}', 'pro', null)`)).rejects.toMatchObject(DENIED);
  });

  test('the operator sets a plan by the function, and by nothing else', async () => {
    expect(await speaking(acme, "select gatehouse.set_plan($1, 'pro', null)", [globex])).toBe(1);
    await expect(
      speaking(acme, "update gatehouse.organisations set plan = 'pro' where id = $1", [acme]),
    ).rejects.toMatchObject(DENIED);
  });
});
