import { nextMessage } from '../../../lambdas/webhooks/delivering/record';
import { startAnew } from '../../../lambdas/webhooks/log/start-anew';
import { eventId, hashOf } from '../../../lambdas/webhooks/records/event';
import type { TestAws } from '../../support/aws';
import { captureOutput } from '../../support/output';
import { NOW_MS, webhookWorker } from '../../support/webhook-worker';
import { startWebhookStores } from '../../support/webhooks';

captureOutput();

let aws: TestAws;
beforeAll(async () => {
  aws = await startWebhookStores();
}, 30_000);
afterAll(() => aws.stop());

test('a delivery that is replayed keeps the attempt that had been its only one', async () => {
  const it = webhookWorker();
  const message = it.message();
  const { organisation, endpoint, event } = message;
  await it.run([message]);
  expect(await it.log.attempts(organisation, endpoint, event)).toEqual([]);
  const delivered = await it.stateOf(message);
  const anew = delivered && (await startAnew(it.log, delivered, NOW_MS));
  expect(anew).toMatchObject({ state: 'retrying', attempts: 1, tries: 0 });
  await it.run(anew ? [{ ...nextMessage(anew, 'replay'), body: message.body }] : []);
  expect(await it.stateOf(message)).toMatchObject({ state: 'delivered', attempts: 2 });
  expect(await it.log.attempts(organisation, endpoint, event)).toMatchObject([
    { number: 1, trigger: 'event', status: 200 },
    { number: 2, trigger: 'replay', status: 200 },
  ]);
});

test('what is brought back from the dead letters is sent only if nobody has sent it', async () => {
  const it = webhookWorker({ batch: undefined });
  const hoursAgo = NOW_MS - 2 * 3_600_000;
  const [sent, unsent] = ['sent', 'unsent'].map((key) =>
    it.message(10, { event: eventId(hoursAgo, hashOf(key, key)) }),
  );
  if (!sent || !unsent) throw new Error('two messages');
  await it.run([sent]);
  // SQS knows nothing of them any more: another id, handed out for the first time.
  await it.run([sent, unsent]);
  expect(it.posts).toHaveLength(2);
  for (const each of [sent, unsent]) expect(await it.stateOf(each)).toMatchObject({ state: 'delivered', attempts: 1 });
});
