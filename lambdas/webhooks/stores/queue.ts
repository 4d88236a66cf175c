import * as z from 'zod/mini';
import { awsCall } from '../../shared/aws/aws-call';
import { logger } from '../../shared/telemetry';

/** A message for a queue. Messages of one `group` are given out fairly beside those of others (SQS fair queues). */
export interface Outgoing {
  readonly body: string;
  readonly group: string;
  /** @default 0; SQS takes up to 900 */
  readonly delaySeconds?: number;
}

/** Sends all of them, and gives back the places of those that the queue did not take. */
export type SendAll = (messages: readonly Outgoing[]) => Promise<readonly number[]>;

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html: all messages of a batch together. */
const MOST_BYTES = 1024 * 1024;
const MOST_MESSAGES = 10;
/** Batches on their way at the same time. */
const AT_ONCE = 8;
const MOST_DELAY_SECONDS = 900;

const Sent = z.object({
  Failed: z.optional(z.array(z.object({ Id: z.string() }))),
});

interface Placed {
  readonly place: number;
  readonly message: Outgoing;
}

export function queueAt(url: string): SendAll {
  const sendBatch = async (batch: readonly Placed[]): Promise<readonly number[]> => {
    const entries = batch.map(({ place, message: { body, group, delaySeconds = 0 } }) => ({
      Id: String(place),
      MessageBody: body,
      MessageGroupId: group,
      ...(delaySeconds > 0 && { DelaySeconds: Math.min(Math.ceil(delaySeconds), MOST_DELAY_SECONDS) }),
    }));
    try {
      const { Failed = [] } = Sent.parse(await awsCall('sqs', 'SendMessageBatch', { QueueUrl: url, Entries: entries }));
      return Failed.map(({ Id }) => Number(Id));
    } catch (error) {
      logger.warn('a queue did not take messages', { error: error instanceof Error ? error : 'unknown failure' });
      return batch.map(({ place }) => place);
    }
  };
  return async (messages) => {
    const batches = inBatches(messages);
    const failed: number[] = [];
    for (let from = 0; from < batches.length; from += AT_ONCE)
      failed.push(...(await Promise.all(batches.slice(from, from + AT_ONCE).map(sendBatch))).flat());
    return failed;
  };
}

function inBatches(messages: readonly Outgoing[]): readonly (readonly Placed[])[] {
  const batches: Placed[][] = [];
  let bytes = 0;
  for (const [place, message] of messages.entries()) {
    const size = Buffer.byteLength(message.body);
    const current = batches.at(-1);
    if (!current || current.length === MOST_MESSAGES || bytes + size > MOST_BYTES) {
      batches.push([{ place, message }]);
      bytes = size;
    } else {
      current.push({ place, message });
      bytes += size;
    }
  }
  return batches;
}
