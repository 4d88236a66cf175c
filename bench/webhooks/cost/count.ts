import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import * as z from 'zod/mini';
import { awsCall } from '../../../lambdas/shared/aws/aws-call';
import { deliver, type Queued } from '../../../lambdas/webhooks/delivering/deliver';
import { delivering } from '../../../lambdas/webhooks/delivering/delivering';
import { lanesOf } from '../../../lambdas/webhooks/env';
import { publish } from '../../../lambdas/webhooks/publishing/publish';
import { routingOf } from '../../../lambdas/webhooks/publishing/routing-of';
import { nothingSent } from '../../../lambdas/webhooks/publishing/sent-events';
import { endpointsIn } from '../../../lambdas/webhooks/stores/endpoints';
import { logIn } from '../../../lambdas/webhooks/stores/log';
import { tableOf } from '../../../lambdas/webhooks/stores/table';
import { listen } from '../../../test/support/http';
import { startWebhookStores } from '../../../test/support/webhooks';
import { DELIVER_ENV, register } from '../endpoint';
import { type Counts, countedAws } from './counted-aws';

/** How events come: so many in a request to publish, and so many in a batch of the function that sends. */
export interface Way {
  readonly published: number;
  readonly sent: number;
}

export interface Counted extends Way {
  readonly deliveries: number;
  readonly counts: Counts;
  /** Questions that an environment asks every few seconds, whatever it has to do. */
  readonly refreshed: number;
}

const DELIVERIES = 200;
const RETENTION_SECONDS = 30 * 86_400;
/** 1 KB of JSON, as the events of most are at most. */
const DATA = { id: 'in_1', amount: 1200, lines: 'x'.repeat(950) };
/** As frameworks and their proxies send them: all of it is in the log. */
const ANSWER_HEADERS = {
  'content-type': 'application/json; charset=utf-8',
  'cache-control': 'no-store, max-age=0',
  server: 'nginx',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  vary: 'Accept-Encoding, Origin',
  'x-request-id': '0b7c1f5e-3c0d-4f6a-8d1e-2a9b6c4d5e6f',
};
const ANSWER = JSON.stringify({ received: true, message: 'what receivers say to nobody in particular '.repeat(8) });
const QUEUE = DELIVER_ENV.DELIVERIES_QUEUE;

const Received = z.object({
  Messages: z.optional(z.array(z.object({ MessageId: z.string(), ReceiptHandle: z.string(), Body: z.string() }))),
});

/** As the event source of Lambda does: receives a batch, has it sent, deletes it. */
async function sendBatch(deps: Parameters<typeof deliver>[0], most: number): Promise<number> {
  const { Messages = [] } = Received.parse(
    await awsCall('sqs', 'ReceiveMessage', { QueueUrl: QUEUE, MaxNumberOfMessages: most, WaitTimeSeconds: 1 }),
  );
  const queued = Messages.map(({ MessageId: id, Body: body }): Queued => ({ id, body, receives: 1 }));
  const failed = await deliver(deps, queued);
  if (failed.length > 0) throw new Error(`${failed.length} deliveries failed`);
  const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: `${index}`, ReceiptHandle }));
  if (Entries.length > 0) await awsCall('sqs', 'DeleteMessageBatch', { QueueUrl: QUEUE, Entries });
  return Messages.length;
}

async function run(publishing: Parameters<typeof publish>[0], organisation: string, { published, sent }: Way) {
  const deps = delivering(DELIVER_ENV);
  for (let at = 0; at < DELIVERIES; at += published) {
    const timestamp = new Date().toISOString();
    const drafts = Array.from({ length: published }, (_, index) => ({
      type: 'invoice.paid',
      version: 1,
      timestamp,
      data: DATA,
      key: `event ${at + index} of ${published} ${sent}`,
    }));
    await publish(publishing, organisation, drafts, RETENTION_SECONDS);
  }
  for (let left = DELIVERIES; left > 0; ) left -= await sendBatch(deps, sent);
}

/** Publishes and delivers to the emulators in each of these ways, and counts what AWS would charge for. */
export async function countDeliveries(ways: readonly Way[]): Promise<readonly Counted[]> {
  const aws = await startWebhookStores();
  const counted = await countedAws(process.env.AWS_ENDPOINT_URL ?? '');
  process.env.AWS_ENDPOINT_URL = counted.url;
  const sink = await listen((request, response) => {
    request.resume().once('end', () => response.writeHead(200, ANSWER_HEADERS).end(ANSWER));
  });
  const organisation = randomUUID();
  await register({ organisation, id: `we_${'a'.repeat(20)}` }, `${sink.url}hook`);
  const table = tableOf(DELIVER_ENV.WEBHOOK_LOG_TABLE);
  const endpoints = endpointsIn(tableOf(DELIVER_ENV.WEBHOOKS_TABLE));
  const publishing = {
    log: logIn(table),
    lanes: lanesOf(DELIVER_ENV),
    routingOf: routingOf(endpoints, Date.now),
    sent: nothingSent,
    nowMs: Date.now,
  };
  await publishing.routingOf(organisation);
  const all: Counted[] = [];
  try {
    for (const way of ways) {
      counted.take();
      await run(publishing, organisation, way);
      // What is done beside an attempt is counted too.
      await wait(200);
      all.push({ ...way, deliveries: DELIVERIES, ...counted.take() });
    }
  } finally {
    await sink.stop();
    counted.stop();
    await aws.stop();
  }
  return all;
}
