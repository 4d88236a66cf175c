import { OPERATIONAL } from '../../../lambdas/webhooks/publishing/operational';
import type { TestAws } from '../../support/aws';
import { captureOutput } from '../../support/output';
import { webhookWorld } from '../../support/webhook-world';
import { startWebhookStores } from '../../support/webhooks';

captureOutput();

// Days of deliveries by real tables: a machine that does other things needs room.
jest.setTimeout(240_000);

let aws: TestAws;
beforeAll(async () => {
  aws = await startWebhookStores();
});
afterAll(() => aws.stop());

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** A world in which one endpoint is told how the others do, and what it was told. */
function toldWorld(answer: (url: string, atMs: number) => number, fields = {}) {
  const told: { type: string; data: Record<string, unknown> }[] = [];
  const world = webhookWorld({
    queues: false,
    answer({ url, body }, atMs) {
      if (!url.includes('told')) return { status: answer(url, atMs) };
      told.push(JSON.parse(body.toString()));
      return { status: 200 };
    },
    ...fields,
  });
  const teller = () => world.endpoint({ url: 'https://told.example.com/', types: ['gatehouse.*'] });
  return { world, told, teller };
}

test('an endpoint that answers 410 is sent nothing more: what comes is held, and its tenant is told once', async () => {
  const { world, told, teller } = toldWorld(() => 410);
  await teller();
  const { id } = await world.endpoint();
  const first = await world.publish(3);
  await world.run(world.clock.now + 1);
  const record = await world.endpoints.get(world.organisation, id);
  expect(record).toMatchObject({ state: 'disabled', stateReason: 'it answered 410: it is gone', version: 2 });
  await world.run(world.clock.now + 10 * MINUTE_MS);
  const later = await world.publish(2);
  await world.run();
  expect(world.posted.filter(({ url }) => !url.includes('told'))).toHaveLength(3);
  expect(await world.counts(id, first)).toEqual({ dead: 3 });
  expect(await world.counts(id, later)).toEqual({ held: 2 });
  expect(told.map(({ type }) => type)).toEqual([OPERATIONAL.disabled]);
  expect(told[0]?.data).toMatchObject({ endpoint: id, reason: 'it answered 410: it is gone' });
});

test('a change that its tenant makes at the same time does not keep an endpoint that is gone from being disabled', async () => {
  const { world } = toldWorld(() => 410);
  const endpoint = await world.endpoint();
  const { put } = world.endpoints;
  await world.publish(1);
  await put({ ...endpoint, description: 'changed meanwhile', version: 2 });
  await world.run();
  expect(await world.endpoints.get(world.organisation, endpoint.id)).toMatchObject({
    state: 'disabled',
    description: 'changed meanwhile',
    version: 3,
  });
});

test('five days of nothing but failures disable an endpoint; what was parked is held', async () => {
  const { world, told, teller } = toldWorld(() => 500);
  await teller();
  const { id } = await world.endpoint();
  const began = world.clock.now;
  const events = await world.publish(40);
  await world.run();
  const record = await world.endpoints.get(world.organisation, id);
  expect(record).toMatchObject({ state: 'disabled', stateReason: 'it has done nothing but fail for five days' });
  const lasted = (record?.stateSinceMs ?? 0) - began;
  expect(lasted).toBeGreaterThanOrEqual(5 * DAY_MS);
  expect(lasted).toBeLessThan(5 * DAY_MS + 16 * MINUTE_MS);
  expect(await world.counts(id, events)).toEqual({ held: 40 });
  expect(told.map(({ type }) => type)).toEqual([OPERATIONAL.failing, OPERATIONAL.disabled]);
  // Once it is enabled again, its five days begin anew.
  const after = { state: 'enabled', stateReason: undefined, stateSinceMs: world.clock.now } as const;
  if (record) await world.endpoints.put({ ...record, ...after, version: record.version + 1 });
  world.restart();
  await world.publish(1);
  await world.run(world.clock.now + DAY_MS);
  expect(await world.endpoints.get(world.organisation, id)).toMatchObject({ state: 'enabled' });
});

test('an endpoint that was deleted is sent nothing of what waits for it', async () => {
  const { world } = toldWorld(() => 500);
  const endpoint = await world.endpoint();
  const parked = await world.publish(30);
  await world.run(world.clock.now + 2 * MINUTE_MS);
  expect(await world.counts(endpoint.id, parked)).toEqual({ parked: 30 });
  await world.endpoints.remove(world.organisation, endpoint.id, 1);
  const before = world.posted.length;
  await world.states.change(endpoint, { dueMs: world.clock.now + MINUTE_MS });
  await world.run();
  expect(world.posted).toHaveLength(before);
  expect(await world.counts(endpoint.id, parked)).toEqual({ cancelled: 30 });
});

test('a tenant is told of each delivery that is dead, but not of the deliveries that tell', async () => {
  const { world, told, teller } = toldWorld(() => 500);
  await teller();
  const retry = { scheduleSeconds: [0, 5] };
  const { id } = await world.endpoint({ retry });
  const other = await world.endpoint({ types: ['gatehouse.*'], retry });
  const [event = ''] = await world.publish(1);
  await world.run();
  expect(await world.counts(id, [event])).toEqual({ dead: 1 });
  expect(told.map(({ type, data }) => `${type} ${String(data.endpoint)} ${String(data.event)}`)).toEqual([
    `${OPERATIONAL.exhausted} ${id} ${event}`,
  ]);
  expect(world.posted.filter(({ url }) => url === other.url)).toHaveLength(2);
});
