import { nextMessage } from '../../../lambdas/webhooks/delivering/record';
import { startAnew } from '../../../lambdas/webhooks/log/start-anew';
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
