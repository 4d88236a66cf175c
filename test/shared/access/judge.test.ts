import { randomUUID } from 'node:crypto';
import { on } from 'node:events';
import { accessCache, usageKey } from '../../../lambdas/shared/access/cache';
import type { Entry } from '../../../lambdas/shared/access/entry';
import { type Judgement, judgeTogether } from '../../../lambdas/shared/access/judge-together';
import type { Identity } from '../../../lambdas/shared/access/principal';
import { BoundedMap } from '../../../lambdas/shared/bounded-map';
import type { Plan } from '../../../lambdas/shared/limits/plans';
import { entryOnPlan, NO_LIMIT, NO_ORGANISATION_LIMIT, withPro } from '../../support/limited';
import { fixedSettings } from '../../support/limits';
import { REDIS_KINDS, type TestRedis } from '../../support/redis';

const SLOW = { ...NO_LIMIT, ratePerSecond: 0.01 };
const SMALL: Plan = { principal: { ...SLOW, burst: 3 }, organisation: { ...NO_ORGANISATION_LIMIT, ...SLOW, burst: 5 } };

const newKey = (organisation: string = randomUUID()): Identity => ({
  kind: 'api_key',
  id: randomUUID().slice(0, 16),
  organisation,
});

const leftOf = (judgement: Judgement) =>
  judgement.verdict === 'held'
    ? undefined
    : Object.fromEntries(judgement.limits.policies.map(({ scope, name, left }) => [`${scope}-${name}`, left]));

describe.each(REDIS_KINDS)('on %s', (_, start) => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await start();
  }, 30_000);
  afterAll(() => redis.stop());

  interface Given {
    readonly plan?: Plan;
    readonly entry?: Partial<Entry>;
  }
  /** An environment of its own; `reads` counts how often it has asked PostgreSQL. */
  function environment({ plan = SMALL, entry = {} }: Given = {}) {
    const reads: Identity[] = [];
    const judge = judgeTogether({
      cache: accessCache(redis.commands),
      settings: fixedSettings(withPro(plan)),
      memory: new BoundedMap(100),
      async read(identity) {
        reads.push(identity);
        return entryOnPlan('pro', entry);
      },
      nowMs: Date.now,
    });
    const ask = (identity: Identity, cost = 1, sourceIp = '192.0.2.1', observed = 0) =>
      judge(identity, { requestId: 'request', sourceIp, userAgent: 'test' }, cost, observed);
    return { ask, reads };
  }
  test('a caller of two environments spends one bucket, and each has asked PostgreSQL at most once', async () => {
    const [one, two] = [environment(), environment()];
    const key = newKey();
    const verdicts = [];
    for (let use = 0; use < 4; use += 1) verdicts.push((await (use % 2 === 0 ? one : two).ask(key)).verdict);
    expect(verdicts).toEqual(['admitted', 'admitted', 'admitted', 'limited']);
    expect([one.reads.length, two.reads.length]).toEqual([1, 0]);
  });

  test('a request that one limit refuses spends nothing of the others', async () => {
    const { ask } = environment();
    const key = newKey();
    for (let use = 0; use < 10; use += 1) await ask(key);
    const other = await ask(newKey(key.organisation));
    expect(leftOf(other)).toMatchObject({ 'organisation-burst': 1 });
  });

  test('a cost is spent whole or not at all; looking costs nothing and is never refused', async () => {
    const { ask } = environment();
    const key = newKey();
    expect((await ask(key, 2)).verdict).toBe('admitted');
    expect((await ask(key, 2)).verdict).toBe('limited');
    expect((await ask(key, 1)).verdict).toBe('admitted');
    const looked = await ask(key, 0);
    expect({ verdict: looked.verdict, left: leftOf(looked)?.['api_key-burst'] }).toEqual({
      verdict: 'admitted',
      left: 0,
    });
    expect((await ask(key, 4)).verdict).toBe('costly');
  });

  test('what is only observed refuses nothing, and is told as it would be if it were spent', async () => {
    const { ask } = environment({ plan: { ...SMALL, principal: { ...SLOW, burst: 6 } } });
    const key = newKey();
    const observed = async (cost: number) => {
      const judgement = await ask(key, 1, undefined, cost);
      const exceeded = judgement.verdict === 'held' ? undefined : judgement.limits.exceeded;
      return { verdict: judgement.verdict, by: exceeded && `${exceeded.scope}-${exceeded.name}` };
    };
    expect(await observed(3)).toEqual({ verdict: 'admitted', by: undefined });
    expect(await observed(3)).toEqual({ verdict: 'admitted', by: 'organisation-burst' });
    expect(await observed(7)).toEqual({ verdict: 'admitted', by: 'api_key-burst' });
    // What would have been refused would not have been spent.
    expect(await observed(2)).toEqual({ verdict: 'admitted', by: undefined });
    expect(leftOf(await ask(key, 0))).toMatchObject({ 'api_key-burst': 2, 'organisation-burst': 1 });
    expect(await observed(1)).toEqual({ verdict: 'admitted', by: 'organisation-burst' });
    expect(await observed(1)).toMatchObject({ verdict: 'limited', by: undefined });
  });

  test.each([
    ['is refused', { refused: 'disabled key' }],
    ['has ended', { endsAtSeconds: 1 }],
    ['is used from an address that it does not allow', { ranges: ['198.51.100.0/24', '2001:db8::/32'] }],
  ])('a caller that %s spends nothing of its organisation', async (_what, entry) => {
    const held = environment({ entry });
    const key = newKey();
    for (let use = 0; use < 10; use += 1) expect((await held.ask(key)).verdict).toBe('held');
    const other = await environment().ask(newKey(key.organisation));
    expect(leftOf(other)).toMatchObject({ 'organisation-burst': 4, 'organisation-concurrent': 99_999 });
  });

  test('a key is let in from every address of its ranges', async () => {
    const { ask } = environment({ entry: { ranges: ['198.51.100.0/24', '2001:db8::/32'] } });
    const verdicts = [];
    for (const address of ['198.51.100.7', '198.51.101.7', '2001:db8:1::7', '2001:db9::7'])
      verdicts.push((await ask(newKey(), 1, address)).verdict);
    expect(verdicts).toEqual(['admitted', 'held', 'admitted', 'held']);
  });

  test('a revoked token spends nothing, another of the same session goes on', async () => {
    const token = randomUUID();
    const { ask } = environment({ entry: { revokedTokens: [randomUUID(), token] } });
    const user: Identity = { kind: 'user', id: randomUUID(), organisation: randomUUID(), session: randomUUID() };
    expect((await ask({ ...user, token })).verdict).toBe('held');
    expect(leftOf(await ask({ ...user, token: randomUUID() }))).toMatchObject({ 'organisation-burst': 4 });
  });

  describe('requests under way', () => {
    const plan = { principal: NO_LIMIT, organisation: { ...NO_ORGANISATION_LIMIT, concurrency: 3 } };

    test('are as many as the plan says, however many come at once, and a place is free when one ends', async () => {
      const { ask } = environment({ plan });
      const key = newKey();
      const all = await Promise.all(Array.from({ length: 20 }, () => ask(key)));
      const admitted = all.flatMap((each) => (each.verdict === 'admitted' ? [each] : []));
      expect(admitted).toHaveLength(3);
      const [refused] = all.flatMap((each) => (each.verdict === 'limited' ? [each] : []));
      expect(refused?.limits.binding).toMatchObject({ name: 'concurrent', scope: 'organisation', limit: 3, left: 0 });
      admitted[0]?.leave();
      expect((await ask(key)).verdict).toBe('admitted');
      expect((await ask(key)).verdict).toBe('limited');
    });

    test('whose holder has died are over after half a minute', async () => {
      const { ask } = environment({ plan });
      const key = newKey();
      const running = `gatehouse:{${key.organisation}}:running`;
      const nowUs = Date.now() * 1000;
      for (const [id, endsUs] of [
        ['dead', nowUs - 1000],
        ['dead too', nowUs - 1],
        ['alive', nowUs + 10_000_000],
      ] as const)
        await redis.client.zadd(running, endsUs, id);
      expect((await ask(key)).verdict).toBe('admitted');
      expect((await ask(key)).verdict).toBe('admitted');
      expect((await ask(key)).verdict).toBe('limited');
    });
  });

  test('a server that has forgotten its scripts is given them again, and nothing is counted twice', async () => {
    const { ask } = environment();
    const key = newKey();
    await ask(key);
    await redis.client.script('FLUSH');
    expect(leftOf(await ask(key))).toMatchObject({ 'api_key-burst': 1 });
  });

  test('one command is awaited for each request, and one that nobody awaits frees its place', async () => {
    const { ask } = environment({ plan: { principal: NO_LIMIT, organisation: NO_ORGANISATION_LIMIT } });
    const key = newKey();
    const first = await ask(key);
    if (first.verdict === 'admitted') first.leave();
    const monitor = await redis.client.duplicate().monitor();
    const seen: string[] = [];
    monitor.on('monitor', (_time: string, [command = ''], source: string) => {
      if (source !== 'lua') seen.push(command.toLowerCase());
    });
    const done = on(monitor, 'monitor');
    for (let use = 0; use < 3; use += 1) {
      const judgement = await ask(key);
      if (judgement.verdict === 'admitted') judgement.leave();
    }
    await redis.client.echo('end');
    for await (const [, command] of done) if (String(command).startsWith('echo')) break;
    monitor.disconnect();
    const once = ['evalsha', 'zrem'];
    expect(seen.filter((command) => command !== 'get')).toEqual([...once, ...once, ...once, 'echo']);
    // The settings are looked at beside a request, every other second.
    expect(seen.filter((command) => command === 'get').length).toBeLessThanOrEqual(1);
  });

  test('the uses of a key are counted by day, and days that are too old are forgotten', async () => {
    const { ask } = environment({ plan: { principal: NO_LIMIT, organisation: NO_ORGANISATION_LIMIT } });
    const key = newKey();
    const usage = usageKey(key.organisation, `api_key:${key.id}`);
    await redis.client.hset(usage, '2020-01-01', 7);
    for (let use = 0; use < 3; use += 1) await ask(key);
    expect(await redis.client.hgetall(usage)).toEqual({ [new Date().toISOString().slice(0, 10)]: '3' });
    expect(await redis.client.ttl(usage)).toBeGreaterThan(30 * 86_400);
  });

  test('while a change is under way nothing is kept, and what is read meanwhile counts all the same', async () => {
    const { ask, reads } = environment();
    const key = newKey();
    const cache = accessCache(redis.commands);
    const scope = { organisation: key.organisation, subjects: [`api_key:${key.id}`] };
    const [settle, other] = [await cache.begin(scope), await cache.begin(scope)];
    await settle();
    await ask(key);
    await ask(key);
    expect(reads).toHaveLength(2);
    await other();
    expect(leftOf(await ask(key))).toMatchObject({ 'api_key-burst': 0 });
    await ask(key);
    expect(reads).toHaveLength(3);
  });

  test('what was said of a caller is said once a minute', async () => {
    const cache = accessCache(redis.commands);
    const organisation = randomUUID();
    const said = await Promise.all(Array.from({ length: 5 }, () => cache.first(organisation, 'user:1 operation:x')));
    expect(said.filter(Boolean)).toHaveLength(1);
  });
});
