import { setTimeout as pause } from 'node:timers/promises';
import type { Identity } from '../../lambdas/shared/access/principal';
import { DEFAULT_LIMITS } from '../../lambdas/shared/limits/defaults';
import type { LimitSettings } from '../../lambdas/shared/limits/plans';
import { LIMITS } from '../../lambdas/shared/limits/settings';
import { copyKey, settingsText } from '../../lambdas/shared/settings/kind';
import { LOOK_EVERY_MS } from '../../lambdas/shared/settings/live-settings';
import { RedisAway } from '../../lambdas/shared/stores/breaker';
import type { Commands, Redis } from '../../lambdas/shared/stores/redis';
import { WIDE_LIMITS } from '../support/limits';
import { captureOutput } from '../support/output';
import { downRedis } from '../support/redis';
import { userOf } from '../support/tenants';
import { statuses } from '../tenants/support';
import { type Environment, only, outcomes, startLimits, type TestLimits } from './support';

captureOutput();
let given: TestLimits;
let here: Environment;
let operator: Identity;
beforeAll(async () => {
  given = await startLimits();
  operator = await given.tenants.signedIn('admin');
}, 30_000);
afterAll(() => given.stop());
beforeEach(async () => {
  await given.sql('delete from gatehouse.settings');
  await given.tenants.redis.client.flushall();
  here = given.environment();
});

/** Wide for all, but for what each principal of the plan `free` may spend at once. */
const freeWith = (burst: number): LimitSettings => ({
  ...WIDE_LIMITS,
  plans: { ...WIDE_LIMITS.plans, free: { ...WIDE_LIMITS.plans.free, principal: only(burst) } },
});
const put = (body: unknown, { ifMatch, environment = here }: { ifMatch?: string; environment?: Environment } = {}) =>
  environment.call('putLimitSettings', { as: operator, body, ...(ifMatch !== undefined && { ifMatch }) });
const read = () => here.call('getLimitSettings', { as: operator });
const rows = () => given.sql('select version, value from gatehouse.settings');
const copy = () => given.tenants.redis.client.get(copyKey(LIMITS));

describe('the settings', () => {
  test('are those of the deployment, as version 0, until somebody sets others', async () => {
    const { status, headers, body } = await read();
    expect([status, headers.etag, body]).toEqual([200, '"0"', { version: 0, deployed: true, settings: WIDE_LIMITS }]);
  });

  test('are replaced whole, with the next version each time', async () => {
    expect(await put(freeWith(3))).toMatchObject({ status: 200, body: { version: 1, deployed: false } });
    const { headers, body } = await put(DEFAULT_LIMITS);
    expect([headers.etag, body]).toEqual([
      '"2"',
      { version: 2, deployed: false, settings: DEFAULT_LIMITS, inForceWithinSeconds: LOOK_EVERY_MS / 1000 },
    ]);
    expect((await read()).body).toEqual({ version: 2, deployed: false, settings: DEFAULT_LIMITS });
    expect(await copy()).toBe(settingsText({ version: 2, settings: DEFAULT_LIMITS }));
  });

  test('are in the audit of the operator, before and after', async () => {
    await put(freeWith(3));
    const [noted] = await given.sql(
      `select organisation_id, actor, record::jsonb -> 'before' as before, record::jsonb -> 'after' as after
       from gatehouse.audit_log where action = 'settings.changed' order by seq desc limit 1`,
    );
    expect(noted).toEqual({
      organisation_id: operator.organisation,
      actor: `user:${operator.id}`,
      before: { version: 0, settings: WIDE_LIMITS },
      after: { version: 1, settings: freeWith(3) },
    });
  });

  test('that a change names by another version are left alone', async () => {
    expect((await put(freeWith(3), { ifMatch: '"0"' })).status).toBe(200);
    expect(await put(freeWith(4), { ifMatch: '"0"' })).toMatchObject({
      status: 412,
      body: { detail: 'the settings are at version 1' },
    });
    expect(await rows()).toEqual([{ version: 1, value: freeWith(3) }]);
  });

  test('are changed once by two who change the same version at once, the first row too', async () => {
    for (const ifMatch of ['"0"', '"1"']) {
      const both = await Promise.all([put(freeWith(3), { ifMatch }), put(freeWith(4), { ifMatch })]);
      expect(statuses(both)).toEqual([200, 412]);
    }
  });

  test('that this release cannot read are replaced like any other', async () => {
    await given.sql(
      `insert into gatehouse.settings (name, version, value) values ('limits', 7, '{"of": "another release"}')`,
    );
    expect(await put(freeWith(3))).toMatchObject({ status: 200, body: { version: 8 } });
  });
});

const withFree = (principal: object) => ({
  ...DEFAULT_LIMITS,
  plans: { ...DEFAULT_LIMITS.plans, free: { ...DEFAULT_LIMITS.plans.free, principal } },
});
const { free, ...threePlans } = DEFAULT_LIMITS.plans;

test.each<[string, unknown, string]>([
  ['a plan is missing', { ...DEFAULT_LIMITS, plans: threePlans }, 'plans.free is missing'],
  ['a plan is not known', { ...DEFAULT_LIMITS, plans: { ...DEFAULT_LIMITS.plans, gold: free } }, 'plans.gold'],
  ['a rate is 0', withFree({ ratePerSecond: 0, burst: 1, perMinute: 1 }), 'plans.free.principal.ratePerSecond'],
  ['a bucket is empty', withFree({ ratePerSecond: 1, burst: 0, perMinute: 1 }), 'plans.free.principal.burst'],
  ['a number is text', withFree({ ratePerSecond: 1, burst: '9', perMinute: 1 }), 'plans.free.principal.burst'],
  ['a minute is missing', withFree({ ratePerSecond: 1, burst: 1 }), 'plans.free.principal.perMinute is missing'],
  [
    'a quota is of no period',
    withFree({ ...only(1), quota: { requests: 1, per: 'hour' } }),
    'plans.free.principal.quota.per must be one of: day, month',
  ],
  ['the share is above 1', { ...DEFAULT_LIMITS, degradedShare: 2 }, 'degradedShare must be at most 1'],
  ['it is empty', {}, 'plans is missing'],
  ['it is a list', [], 'must be of type object'],
])('a document in which %s is refused with what is wrong, and nothing changes', async (_, body, detail) => {
  expect(await put(body)).toMatchObject({ status: 400, body: { detail: expect.stringContaining(detail) } });
  expect(await rows()).toEqual([]);
});

/** Waits until a bucket that was emptied under other limits has some hundred tokens of the wide ones. */
async function refilled(environment: Environment, identity: Identity): Promise<void> {
  await environment.spend(identity, 0);
  await pause(20);
}

describe('in every environment', () => {
  test('limits of a caller that was just served are changed within two seconds, without a restart', async () => {
    const there = given.environment();
    const key = await given.key({ domain: 'globex.example' });
    expect(await outcomes(there, key, 20)).not.toContain('rate_limited');
    await put(freeWith(3));
    there.wait(LOOK_EVERY_MS);
    // The request that comes then looks beside its own way; the next ones know.
    await there.spend(key, 0);
    await there.settings.refresh();
    expect(await outcomes(there, key, 4)).toEqual(['admitted', 'admitted', 'admitted', 'rate_limited']);
    await put(WIDE_LIMITS);
    there.wait(LOOK_EVERY_MS);
    await there.spend(key, 0);
    await there.settings.refresh();
    await refilled(there, key);
    expect(await there.spend(key, 10)).toBe('admitted');
  });

  test('the environment of the change has it at once', async () => {
    const key = await given.key({ domain: 'globex.example' });
    expect(await here.spend(key, 50)).toBe('admitted');
    await put(freeWith(3));
    expect(here.settings.current()).toEqual({ version: 1, settings: freeWith(3) });
    expect(await here.spend(key, 4)).toBe('too_costly');
  });

  test('what is only observed is refused where it is four times what a limit ever holds', async () => {
    const key = await given.key({ domain: 'globex.example' });
    await put(freeWith(3));
    expect(await here.spend(key, 1, 12)).toBe('admitted');
    expect(await here.spend(key, 1, 13)).toBe('too_costly');
  });

  test('one with older settings judges by the newer ones that it meets, and undoes nothing', async () => {
    const there = given.environment();
    const key = await given.key({ domain: 'globex.example' });
    expect(await there.spend(key)).toBe('admitted');
    await put(freeWith(3));
    expect(await here.spend(key, 4)).toBe('too_costly');
    // No time has gone by there: it has not looked, and meets what the other has made of the caller.
    expect(await there.spend(key, 4)).toBe('too_costly');
    await there.settings.refresh();
    expect(there.settings.current().version).toBe(1);
    expect(await here.spend(key, 4)).toBe('too_costly');
    expect(await copy()).toBe(settingsText({ version: 1, settings: freeWith(3) }));
  });
});

/** Redis goes away when the copy of before has been forgotten, and the change is under way. */
function goneOnceForgotten(): Redis {
  const commands: Commands = {
    async call(...words) {
      if ((await copy()) === null) throw new RedisAway('gone');
      return given.tenants.redis.commands.call(...words);
    },
  };
  return { ...commands, insist: commands, isAway: false };
}

describe('when Redis is away', () => {
  test('nothing is changed, and the caller is told to come again', async () => {
    const answer = await put(freeWith(3), { environment: given.environment(downRedis()) });
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '2' }, body: { code: 'not_ready' } });
    expect(await rows()).toEqual([]);
  });

  test('at the moment of the change the answer says how long it may take, and no older copy is left', async () => {
    await put(freeWith(3));
    const answer = await put(freeWith(4), { environment: given.environment(goneOnceForgotten()) });
    expect(answer).toMatchObject({ status: 200, body: { version: 2, inForceWithinSeconds: 600 } });
    expect(await copy()).toBeNull();
    expect((await here.settings.confirmed()).version).toBe(2);
    expect(await copy()).toBe(settingsText({ version: 2, settings: freeWith(4) }));
  });
});

const refused = async (as: Identity) => {
  expect(await here.call('putLimitSettings', { as, body: WIDE_LIMITS })).toMatchObject({ status: 403 });
  expect(await here.call('getLimitSettings', { as })).toMatchObject({ status: 403 });
  expect(await here.call('getOrganisationSettings', { as, id: as.organisation })).toMatchObject({ status: 403 });
  const body = { plan: 'enterprise' };
  expect(await here.call('updateOrganisationSettings', { as, id: as.organisation, body })).toMatchObject({
    status: 403,
  });
};

describe('who may not change them', () => {
  test("an editor of the operator's organisation, and a key of the operator without the scope", async () => {
    await refused(await given.tenants.signedIn('editor'));
    const [row] = await given.sql(
      `insert into gatehouse.api_keys (id, organisation_id, name, owner_id, scopes)
       values ('0123456789abcdef', $1, 'k', $2, '{account:read}') returning id`,
      [operator.organisation, operator.id],
    );
    await refused({ kind: 'api_key', id: String(row?.id), organisation: operator.organisation });
  });

  test('anybody of a tenant, whatever its rows say: role, custom role, grant, or scope', async () => {
    const admin = await given.tenants.signedIn('admin', 'globex.example');
    const { organisation } = admin;
    await given.sql("update gatehouse.members set roles = '{admin,operator,sets}' where user_id = $1", [admin.id]);
    await given.sql(
      "insert into gatehouse.roles (organisation_id, name, permissions) values ($1, 'sets', '{settings:read,settings:write}')",
      [organisation],
    );
    await given.sql(
      `insert into gatehouse.grants (organisation_id, subject, resource, role, effect)
       values ($1, $2, $3, 'operator', 'allow')`,
      [organisation, `user:${admin.id}`, `organisation:${organisation}`],
    );
    await refused(admin);
    const [row] = await given.sql(
      `insert into gatehouse.clients (organisation_id, name, kind, secret_hash, scopes)
       values ($1, 'c', 'confidential', 'x', '{settings:read,settings:write}') returning id`,
      [organisation],
    );
    await refused({ kind: 'client', id: String(row?.id), organisation });
    await given.sql("update gatehouse.members set roles = '{admin}' where user_id = $1", [
      userOf('admin', 'globex.example').id,
    ]);
  });
});

test('the settings can be mended by an operator whose own limits are used up', async () => {
  const strict = { ...WIDE_LIMITS.plans.enterprise, principal: only(1) };
  await put({ ...WIDE_LIMITS, plans: { ...WIDE_LIMITS.plans, enterprise: strict } });
  await here.spend(operator);
  expect(await here.spend(operator)).toBe('rate_limited');
  expect((await put(WIDE_LIMITS)).status).toBe(200);
  await refilled(here, operator);
  expect(await here.spend(operator)).toBe('admitted');
});
