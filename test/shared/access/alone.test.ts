import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type Access, type Admission, access } from '../../../lambdas/shared/access/access';
import { accessCache } from '../../../lambdas/shared/access/cache';
import { changes } from '../../../lambdas/shared/access/change';
import type { Identity } from '../../../lambdas/shared/access/principal';
import { Refusal } from '../../../lambdas/shared/errors';
import { limitHeaders } from '../../../lambdas/shared/limits/standing';
import { redisBehind } from '../../../lambdas/shared/stores/redis';
import { NO_LIMIT, NO_ORGANISATION_LIMIT } from '../../support/limited';
import { fixedSettings, WIDE_LIMITS } from '../../support/limits';
import { captureOutput } from '../../support/output';
import { type Proxy, startProxy } from '../../support/proxy';
import { doorTo } from '../../support/redis';
import { startTenants, type TestTenants } from '../../support/tenants';

const output = captureOutput();
const origin = { requestId: 'request-1', sourceIp: '192.0.2.1', userAgent: 'test' };

let tenants: TestTenants;
let proxy: Proxy;
beforeAll(async () => {
  tenants = await startTenants();
  proxy = await startProxy(tenants.redis.options.port);
}, 30_000);
afterAll(async () => {
  await proxy.stop();
  await tenants.stop();
});
afterEach(() => proxy.mend());

/** Refills by a token in a hundred seconds: what is let through while a test runs is the burst. */
const SLOW = { ...NO_LIMIT, ratePerSecond: 0.01, burst: 200 };
const plan = { principal: SLOW, organisation: { ...NO_ORGANISATION_LIMIT, burst: 100_000 } };
const settings = () =>
  fixedSettings({
    ...WIDE_LIMITS,
    plans: { free: plan, pro: plan, enterprise: plan, custom: plan },
    degradedShare: 0.1,
  });

interface Environment {
  readonly access: Access;
  readonly clock: { aheadMs: number };
  readonly isAway: () => boolean;
  readonly changes: ReturnType<typeof changes>;
  stop(): void;
}

/** An environment behind the proxy, as a function connects. */
function environment(pool = tenants.app): Environment {
  const door = doorTo({ ...tenants.redis.options, port: proxy.port });
  const redis = redisBehind(door);
  const clock = { aheadMs: 0 };
  const cache = accessCache(redis);
  return {
    access: access({ cache, settings: settings(), pool, nowMs: () => Date.now() + clock.aheadMs }),
    clock,
    isAway: () => redis.isAway,
    changes: changes(pool, cache),
    stop: door.end,
  };
}

const codeOf = (error: unknown) => (error instanceof Refusal ? error.code : error);
const outcome = (admitting: Promise<Admission>) => admitting.then(() => 'ok', codeOf);
const isDegraded = (admission: Admission) =>
  limitHeaders(admission.limits, Date.now())['x-ratelimit-mode'] === 'degraded';

/** Asks until an answer is of all environments together again; says how long that took. */
async function recovery({ access: guard }: Environment, identity: Identity): Promise<number> {
  const began = performance.now();
  while (performance.now() - began < 20_000) {
    const admission = await guard.admit(identity, origin, 0);
    if (!isDegraded(admission)) return performance.now() - began;
    await pause(20);
  }
  throw new Error('it does not come back');
}

const WAYS: readonly [string, () => Promise<void> | void][] = [
  ['is cut', () => proxy.cut()],
  ['stalls', () => proxy.stall()],
];

describe.each(WAYS)('a Redis whose line %s', (_, spoil) => {
  test('costs two requests their deadline and the next ones nothing; requests are answered by PostgreSQL’s word', async () => {
    const env = environment();
    const viewer = await tenants.signedIn('viewer');
    expect(isDegraded(await env.access.admit(viewer, origin, 1))).toBe(false);
    await spoil();
    const first = await env.access.admit(viewer, origin, 1);
    expect({ degraded: isDegraded(first), roles: first.principal.roles }).toEqual({
      degraded: true,
      roles: ['viewer'],
    });
    await env.access.admit(viewer, origin, 0);
    expect(env.isAway()).toBe(true);
    env.stop();
  });

  test('leaves a share of the plan in each environment: never all of it, never nothing', async () => {
    const [one, two] = [environment(), environment()];
    const viewer = await tenants.signedIn('viewer');
    await one.access.admit(viewer, origin, 1);
    await spoil();
    for (const env of [one, two]) {
      const all = await Promise.all(Array.from({ length: 300 }, () => outcome(env.access.admit(viewer, origin, 1))));
      expect(all.filter((each) => each === 'ok')).toHaveLength(20);
      expect(new Set(all)).toEqual(new Set(['ok', 'rate_limited']));
      env.stop();
    }
  });

  test('is used again within five seconds of its return', async () => {
    const env = environment();
    const viewer = await tenants.signedIn('viewer');
    await env.access.admit(viewer, origin, 1);
    await spoil();
    for (let ask = 0; ask < 50; ask += 1) {
      await env.access.admit(viewer, origin, 0);
      await pause(20);
    }
    await proxy.mend();
    expect(await recovery(env, viewer)).toBeLessThan(5_000);
    env.stop();
  });

  test('stops changes that take rights away: 503, when to come again, and nothing is changed', async () => {
    const env = environment();
    const viewer = await tenants.signedIn('viewer');
    await env.access.admit(viewer, origin, 1);
    await spoil();
    const change = env.changes.change({ principal: viewer, origin }, { voids: 'organisation' }, async () => {
      throw new Error('it was begun');
    });
    await expect(change).rejects.toMatchObject({ code: 'not_ready', headers: { 'retry-after': '2' } });
    env.stop();
  });
});

test('requests that wait on a line that is cut under load are all answered', async () => {
  const env = environment();
  const viewer = await tenants.signedIn('viewer');
  await env.access.admit(viewer, origin, 1);
  const asked = Array.from({ length: 400 }, async (_, index) => {
    await pause(index % 100);
    if (index === 50) await proxy.cut();
    return outcome(env.access.admit(viewer, origin, 0));
  });
  expect(new Set(await Promise.all(asked))).toEqual(new Set(['ok']));
  env.stop();
});

describe('while Redis is away', () => {
  test('a session that has ended is refused after two seconds at most', async () => {
    const env = environment();
    const viewer = await tenants.signedIn('viewer');
    await proxy.cut();
    expect(await outcome(env.access.admit(viewer, origin, 1))).toBe('ok');
    await tenants.database.master.query('update gatehouse.sessions set ended_at = now() where id = $1', [
      viewer.session,
    ]);
    env.clock.aheadMs = 2_000;
    expect(await outcome(env.access.admit(viewer, origin, 1))).toBe('unauthenticated');
    env.stop();
  });

  test('and PostgreSQL too, a token goes on until it expires, and for 15 minutes at most; who is unknown gets no yes', async () => {
    let isThere = true;
    const env = environment(async () => (isThere ? tenants.app() : Promise.reject(new Error('no database'))));
    const viewer = await tenants.signedIn('viewer');
    await proxy.cut();
    expect(await outcome(env.access.admit(viewer, origin, 0))).toBe('ok');
    isThere = false;
    env.clock.aheadMs = 10 * 60_000;
    expect(await outcome(env.access.admit(viewer, origin, 0))).toBe('ok');
    const expired = { ...viewer, expiresAtSeconds: Math.floor(Date.now() / 1000) + 5 * 60 };
    expect(await outcome(env.access.admit(expired, origin, 0))).toBe('unauthenticated');
    env.clock.aheadMs = 16 * 60_000;
    expect(await outcome(env.access.admit(viewer, origin, 0))).toEqual(new Error('no database'));
    expect(await outcome(env.access.admit(await tenants.signedIn('editor'), origin, 0))).toEqual(
      new Error('no database'),
    );
    env.stop();
  });

  test('and PostgreSQL too, a key goes on for five minutes after it was seen', async () => {
    let isThere = true;
    const env = environment(async () => (isThere ? tenants.app() : Promise.reject(new Error('no database'))));
    const { organisation, id: owner } = await tenants.signedIn('editor');
    const id = randomUUID().replaceAll('-', '').slice(0, 16);
    await tenants.database.master.query(
      "insert into gatehouse.api_keys (id, organisation_id, name, owner_id, scopes) values ($1, $2, 'k', $3, '{graph:query}')",
      [id, organisation, owner],
    );
    const key: Identity = { kind: 'api_key', id, organisation };
    expect(await outcome(env.access.admit(key, origin, 0))).toBe('ok');
    await proxy.cut();
    isThere = false;
    env.clock.aheadMs = 4 * 60_000;
    expect(await outcome(env.access.admit(key, origin, 0))).toBe('ok');
    env.clock.aheadMs = 6 * 60_000;
    expect(await outcome(env.access.admit(key, origin, 0))).toEqual(new Error('no database'));
    env.stop();
  });

  test('the metric says so, in one line a second however many requests there are', async () => {
    const env = environment();
    const viewer = await tenants.signedIn('viewer');
    await proxy.cut();
    const before = output.text().split('"Degraded"').length;
    for (let ask = 0; ask < 200; ask += 1) await outcome(env.access.admit(viewer, origin, 0));
    const lines = output.text().split('"Degraded"').length - before;
    expect(lines).toBeLessThan(40);
    await pause(1_000);
    await outcome(env.access.admit(viewer, origin, 0));
    expect(output.text().split('"Degraded"').length - before).toBeGreaterThan(lines);
    env.stop();
  });
});
