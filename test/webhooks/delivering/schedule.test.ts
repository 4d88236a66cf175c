import { SCHEDULE_SECONDS } from '../../../lambdas/webhooks/delivering/schedule';
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

const HOUR_MS = 3_600_000;
const sum = (seconds: readonly number[]) => seconds.map((_, at) => seconds.slice(0, at + 1).reduce((a, b) => a + b, 0));

test('an event that its endpoint refuses is tried 10 times over 75 h 35 min, and then it is dead', async () => {
  const world = webhookWorld({ answer: () => ({ status: 500 }) });
  const { id } = await world.endpoint();
  const began = world.clock.now;
  const [event = ''] = await world.publish();
  await world.run();
  expect(world.posted.map(({ atMs }) => (atMs - began) / 1000)).toEqual(sum(SCHEDULE_SECONDS));
  expect(sum(SCHEDULE_SECONDS).at(-1)).toBe((75 * 60 + 35) * 60 + 5);
  expect(await world.delivery(id, event)).toMatchObject({ state: 'dead', attempts: 10, tries: 10 });
  const attempts = await world.log.attempts(world.organisation, id, event);
  expect(attempts.map(({ number, trigger }) => `${number} ${trigger}`)).toEqual([
    '1 event',
    ...Array.from({ length: 9 }, (_, n) => `${n + 2} retry`),
  ]);
});

test('Retry-After is waited for, by the delivery and by the others of its endpoint', async () => {
  let left = 1;
  const world = webhookWorld({
    answer: () => (left-- > 0 ? { status: 429, retryAfterSeconds: 2 * 3600 } : { status: 200 }),
  });
  const { id } = await world.endpoint();
  const began = world.clock.now;
  const [first = ''] = await world.publish();
  await world.run(began + 10_000);
  const [second = ''] = await world.publish();
  await world.run();
  expect(world.posted.map(({ event }) => event).toSorted()).toEqual([first, first, second].toSorted());
  for (const { atMs } of world.posted.slice(1)) expect(atMs - began).toBeGreaterThanOrEqual(2 * HOUR_MS);
  for (const { atMs } of world.posted.slice(1)) expect(atMs - began).toBeLessThan(2 * HOUR_MS + 5_000);
  expect(await world.counts(id, [first, second])).toEqual({ delivered: 2 });
});
