import { object, parseJson, text, texts } from '../json';
import { arn } from './arn';
import { forward } from './forward';
import { AwsError, type AwsService, notEmulated } from './service';

/** What fauxqs answers; it has no message move tasks and no queue permissions. */
const EMULATED = new Set(
  'ChangeMessageVisibility ChangeMessageVisibilityBatch CreateQueue DeleteMessage DeleteMessageBatch DeleteQueue GetQueueAttributes GetQueueUrl ListQueues ListQueueTags PurgeQueue ReceiveMessage SendMessage SendMessageBatch SetQueueAttributes TagQueue UntagQueue'.split(
    ' ',
  ),
);

const nameIn = (queueUrl: string) => queueUrl.split('/').at(-1) ?? '';

/** fauxqs makes URLs of its own from the host it was called by; the callers know the ones in `urlOf` only. */
function withOwnUrls(answer: unknown, urlOf: (name: string) => string): unknown {
  const body = object(answer);
  const url = text(body.QueueUrl);
  return {
    ...body,
    ...(url === undefined ? {} : { QueueUrl: urlOf(nameIn(url)) }),
    ...(body.QueueUrls ? { QueueUrls: texts(body.QueueUrls).map((each) => urlOf(nameIn(each))) } : {}),
  };
}

/**
 * SQS by fauxqs on a loopback port. Queue URLs are exact, as on AWS: one that merely ends in a queue's name is a queue
 * that does not exist.
 * @param urlOf the URL that callers know a queue by
 */
export const sqs = (port: number, urlOf: (name: string) => string): AwsService => ({
  needs({ action, body }) {
    const name = text(body.QueueUrl) ?? text(body.QueueName);
    const resource = name === undefined ? '*' : arn('sqs', nameIn(name));
    return [{ action: `sqs:${action.replace(/Batch$/, '')}`, resource }];
  },
  async answer(call) {
    if (!EMULATED.has(call.action)) throw notEmulated('sqs', call.action);
    const url = text(call.body.QueueUrl);
    if (url !== undefined && url !== urlOf(nameIn(url))) {
      throw new AwsError('AWS.SimpleQueueService.NonExistentQueue', 'The specified queue does not exist.');
    }
    // The emulator serves its queues at the root only, whatever path an SDK took from the queue's URL.
    const reply = await forward(port, { ...call, path: '/' });
    if (!/^(CreateQueue|GetQueueUrl|ListQueues)$/.test(call.action) || reply.status !== 200) return reply;
    return { ...reply, body: JSON.stringify(withOwnUrls(parseJson(reply.body.toString()), urlOf)) };
  },
});
