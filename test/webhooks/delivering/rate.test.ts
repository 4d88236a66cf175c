import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { gatekeeper } from '../../../lambdas/webhooks/delivering/gatekeeper';
import { statesIn } from '../../../lambdas/webhooks/stores/endpoint-states';
import { tableOf } from '../../../lambdas/webhooks/stores/table';
import type { TestAws } from '../../support/aws';
import { captureOutput } from '../../support/output';
import { webhookWorld } from '../../support/webhook-world';
import { LOG_TABLE, startWebhookStores } from '../../support/webhooks';

captureOutput();

// Days of deliveries by real tables: a machine that does other things needs room.
jest.setTimeout(240_000);

let aws: TestAws;
beforeAll(async () => {
  aws = await startWebhookStores();
});
afterAll(() => aws.stop());

/** The most of these times that are within one second. */
function mostInASecond(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  return Math.max(...sorted.map((from, at) => sorted.slice(at).filter((time) => time < from + 1000).length));
}

test('several environments together never send more than the rate in any second, and waste no slot', async () => {
  const table = tableOf(LOG_TABLE);
  const rates = fc.constantFrom(0.5, 1, 3, 7, 20, 300);
  const asks = fc.array(fc.record({ by: fc.nat(2), count: fc.integer({ min: 1, max: 12 }), pauseMs: fc.nat(1500) }), {
    minLength: 1,
    maxLength: 6,
  });
  const { endpoint: newEndpoint } = webhookWorld({ answer: () => ({ status: 200 }) });
  const some = await newEndpoint();
  await fc.assert(
    fc.asyncProperty(rates, asks, async (ratePerSecond, all) => {
      const endpoint = { ...some, organisation: randomUUID(), ratePerSecond };
      const clock = { now: some.createdAtMs };
      const waited: number[] = [];
      const keepers = [0, 1, 2].map(() =>
        gatekeeper({
          states: statesIn(table, () => clock.now),
          disable: () => Promise.resolve(),
          nowMs: () => clock.now,
          wait: (ms) => Promise.resolve(void waited.push(clock.now + ms)),
        }),
      );
      const message = { endpoint: endpoint.id, event: 'evt', number: 2, trigger: 'retry', type: 'a' } as const;
      const sent: number[] = [];
      for (const { by, count, pauseMs } of all) {
        const { organisation } = endpoint;
        const ask = async () => keepers[by]?.ask(endpoint, { ...message, organisation, expiresAtSeconds: 1 });
        const before = waited.length;
        const passages = await Promise.all(Array.from({ length: count }, ask));
        const slots = passages.flatMap((each) => (each?.go === 'later' ? [each.slotMs] : []));
        const now = passages.filter((each) => each?.go === 'now').length - (waited.length - before);
        sent.push(...slots, ...waited.slice(before), ...Array.from({ length: now }, () => clock.now));
        clock.now += pauseMs;
      }
      expect(sent).toHaveLength(all.reduce((sum, { count }) => sum + count, 0));
      expect(mostInASecond(sent)).toBeLessThanOrEqual(Math.max(1, ratePerSecond));
      const span = (sent.length - 1) * (Math.ceil(1e6 / ratePerSecond) / 1000);
      expect(Math.max(...sent)).toBeLessThanOrEqual(some.createdAtMs + span + 1_500 * all.length + 1);
    }),
    { numRuns: 40 },
  );
});

test('an endpoint gets no more than its rate from end to end, also what waits for hours, and gets it all', async () => {
  const world = webhookWorld({ batch: 1, queues: false, answer: () => ({ status: 200 }) });
  const { id } = await world.endpoint({ ratePerSecond: 0.1 });
  const began = world.clock.now;
  const events = await world.publish(110);
  await world.run();
  expect(world.posted).toHaveLength(110);
  const times = world.posted.map(({ atMs }) => atMs);
  const gaps = times.slice(1).map((atMs, at) => atMs - (times[at] ?? 0));
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(10_000);
  expect(Math.max(...times) - began).toBe(109 * 10_000);
  expect(await world.counts(id, events)).toEqual({ delivered: 110 });
});

test('an endpoint that says 429 gets half as much each second until it takes it, and then more again', async () => {
  const allowedPerSecond = 3;
  const taken: number[] = [];
  let refused = 0;
  const world = webhookWorld({
    queues: false,
    answer(_, atMs) {
      if (taken.filter((each) => each > atMs - 1000).length >= allowedPerSecond) {
        refused += 1;
        return { status: 429 };
      }
      taken.push(atMs);
      return { status: 200 };
    },
  });
  const { id } = await world.endpoint();
  const events: string[] = [];
  for (let second = 0; second < 120; second += 1) {
    events.push(...(await world.publish(second % 2)));
    if (second === 10) events.push(...(await world.publish(40)));
    await world.run(world.clock.now + 1000);
  }
  await world.run();
  expect(await world.counts(id, events)).toEqual({ delivered: 100 });
  expect(refused).toBeGreaterThan(0);
  expect(refused).toBeLessThan(100);
  const state = await world.states.get({ organisation: world.organisation, id });
  expect(state.breaker).toBeUndefined();
  expect(state.failures).toBe(0);
});
