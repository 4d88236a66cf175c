import type { TestAws } from '../../support/aws';
import { webhookWorld } from '../../support/webhook-world';
import { startWebhookStores } from '../../support/webhooks';

// Days of deliveries by real tables: a machine that does other things needs room.
jest.setTimeout(240_000);

let aws: TestAws;
beforeAll(async () => {
  aws = await startWebhookStores();
});
afterAll(() => aws.stop());

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

test('an endpoint that fails is left alone but for probes; what came meanwhile follows, by and by, when it is back', async () => {
  let isBack = false;
  const world = webhookWorld({ queues: false, answer: () => ({ status: isBack ? 200 : 503 }) });
  const { id } = await world.endpoint();
  const events: string[] = [];
  const began = world.clock.now;
  for (let minute = 0; minute < 60; minute += 1) {
    events.push(...(await world.publish(12)));
    await world.run(began + (minute + 1) * MINUTE_MS);
  }
  expect((await world.states.healthOf(world.organisation, [id])).get(id)).toMatchObject({
    breaker: 'open',
    failingSinceMs: began,
  });
  expect(await world.counts(id, events)).toEqual({ parked: 720 });
  const before = world.posted.length;
  // Those of the first two minutes, and probes 1, 3, 7, 15, 30 and 45 minutes later.
  expect(before).toBeLessThan(30);
  const probes = world.posted.slice(-5).map(({ atMs }) => atMs);
  const gaps = probes.slice(1).map((atMs, at) => (atMs - (probes[at] ?? 0)) / MINUTE_MS);
  expect(gaps).toEqual([4, 8, 15, 15]);
  isBack = true;
  await world.run();
  const after = world.posted.slice(before);
  expect(after).toHaveLength(720);
  expect(new Set(after.map(({ event }) => event)).size).toBe(720);
  const seconds = new Map<number, number>();
  for (const { atMs } of after) seconds.set(Math.floor(atMs / 1000), (seconds.get(Math.floor(atMs / 1000)) ?? 0) + 1);
  const firstMinute = [...seconds].filter(([second]) => second * 1000 < (after[1]?.atMs ?? 0) + MINUTE_MS);
  expect(Math.max(...firstMinute.map(([, count]) => count))).toBeLessThanOrEqual(14);
  expect(await world.counts(id, events)).toEqual({ delivered: 720 });
  expect((await world.states.healthOf(world.organisation, [id])).get(id)).toMatchObject({
    breaker: 'closed',
    failuresInARow: 0,
    failingSinceMs: undefined,
  });
  expect(after.every(({ atMs }) => atMs < began + 2 * HOUR_MS)).toBe(true);
});

test('one that fails again while its deliveries follow is left alone again at once', async () => {
  let answers = 0;
  let isBack = false;
  const world = webhookWorld({
    queues: false,
    answer: () => (isBack && (answers += 1) <= 100 ? { status: 200 } : { status: 500 }),
  });
  const { id } = await world.endpoint();
  const events: string[] = [];
  for (let minute = 1; minute <= 10; minute += 1) {
    events.push(...(await world.publish(40)));
    await world.run(world.clock.now + MINUTE_MS);
  }
  isBack = true;
  const before = world.posted.length;
  await world.run(world.clock.now + 10 * MINUTE_MS);
  const { breaker } = (await world.states.healthOf(world.organisation, [id])).get(id) ?? {};
  expect(breaker).toBe('open');
  // 100 that it took, and those that were under way when it failed.
  expect(world.posted.length - before).toBeLessThan(130);
  expect((await world.counts(id, events)).delivered).toBe(100);
});

test('a success while nothing is wrong costs one write in all, and one read of the state every few seconds', async () => {
  const calls: string[] = [];
  const world = webhookWorld({
    answer: () => ({ status: 200 }),
    table: (table) => ({
      get: (key, options) => (calls.push(`get ${key.pk.split('#')[0]}`), table.get(key, options)),
      getMany: (keys) => (calls.push('getMany'), table.getMany(keys)),
      put: (key, ...rest) => (calls.push(`put ${key.pk.split('#')[0]}`), table.put(key, ...rest)),
      update: (key, ...rest) => (calls.push(`update ${key.pk.split('#')[0]}`), table.update(key, ...rest)),
      remove: (key, ...rest) => (calls.push('remove'), table.remove(key, ...rest)),
      query: (range) => (calls.push('query'), table.query(range)),
    }),
  });
  await world.endpoint();
  await world.publish(10);
  calls.length = 0;
  await world.run();
  const count = (call: string) => calls.filter((each) => each === call).length;
  expect(count('put deliveries')).toBe(10);
  expect(count('get state')).toBe(1);
  // And the endpoint itself, once. The sweep asks what is due.
  expect(calls.filter((call) => call !== 'query')).toHaveLength(12);
});

test('a test of an endpoint that is left alone is sent all the same, and brings it back', async () => {
  let isBack = false;
  const world = webhookWorld({ queues: false, answer: () => ({ status: isBack ? 200 : 500 }) });
  const { id } = await world.endpoint();
  const events = await world.publish(30);
  await world.run(world.clock.now + 10 * MINUTE_MS);
  isBack = true;
  const [event = ''] = await world.publish(1);
  await world.run(world.clock.now + 1000);
  const waiting = await world.delivery(id, event);
  expect(waiting).toMatchObject({ state: 'parked', attempts: 0 });
  const test = { organisation: world.organisation, endpoint: id, event, number: 1, trigger: 'test' } as const;
  await world.send({ ...test, type: 'gatehouse.ping', expiresAtSeconds: 2_000_000_000 });
  await world.run(world.clock.now + 1);
  expect(await world.delivery(id, event)).toMatchObject({ state: 'delivered' });
  await world.run();
  expect(await world.counts(id, [...events, event])).toEqual({ delivered: 31 });
});

test('an endpoint that is slow gets a lane of its own, and its deliveries arrive', async () => {
  const world = webhookWorld({ answer: () => ({ status: 200, times: { totalMs: 12_000 } }) });
  const { id } = await world.endpoint();
  const first = await world.publish(1);
  await world.run(world.clock.now + 10_000);
  const more = await world.publish(3);
  const lanes = world.lanesSeen();
  await world.run();
  expect(lanes()).toEqual(['retries', 'retries', 'retries']);
  expect(await world.counts(id, [...first, ...more])).toEqual({ delivered: 4 });
  expect((await world.states.healthOf(world.organisation, [id])).get(id)).toMatchObject({ slow: true });
});

test('one dead endpoint with half of all traffic costs at least 99 % fewer attempts than retrying each', async () => {
  let deadUrl = '';
  const world = webhookWorld({ queues: false, answer: ({ url }) => ({ status: url === deadUrl ? 500 : 200 }) });
  const dead = await world.endpoint({ types: ['a'] });
  const well = await world.endpoint({ types: ['b'] });
  deadUrl = dead.url;
  const events: string[] = [];
  const began = world.clock.now;
  for (let minute = 1; minute <= 60; minute += 1) {
    events.push(...(await world.publish(20, 'a')));
    await world.publish(20, 'b');
    await world.run(began + minute * MINUTE_MS);
  }
  const attempts = world.posted.filter(({ url }) => url === dead.url).length;
  const retryingEach = events.length * 10;
  process.stdout.write(`attempts at a dead endpoint: ${attempts} in place of ${retryingEach}\n`);
  expect(attempts).toBeLessThan(retryingEach * 0.01);
  expect(world.posted.filter(({ url }) => url === well.url)).toHaveLength(1_200);
  expect(await world.counts(dead.id, events)).toEqual({ parked: 1_200 });
});
