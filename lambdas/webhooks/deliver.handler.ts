import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { readEnv } from '../shared/env';
import { deliver } from './delivering/deliver';
import { deliverEnv, delivering } from './delivering/delivering';

const deps = delivering(readEnv(deliverEnv));

export const handler = async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
  const queued = Records.map(({ messageId: id, body, attributes }) => ({
    id,
    body,
    receives: Number(attributes.ApproximateReceiveCount),
  }));
  const failed = await deliver(deps, queued);
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
};
