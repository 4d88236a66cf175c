import type { CloudFormationCustomResourceEvent, CloudFormationCustomResourceResponse } from 'aws-lambda';
import { logger } from '../telemetry';

const LONGEST_REASON = 1000;

type Work = (properties: Readonly<Record<string, unknown>>) => Promise<void>;

/**
 * A handler that CloudFormation runs at deploy. `work` runs when the resource is made or changed; deleting it undoes
 * nothing. Whatever happens, CloudFormation is told: a custom resource that stays silent blocks its stack for an hour.
 */
export const customResource = (work: Work) => async (event: CloudFormationCustomResourceEvent) => {
  let failure: unknown;
  try {
    if (event.RequestType !== 'Delete') await work(event.ResourceProperties);
  } catch (error) {
    failure = error;
    logger.error('custom resource failed', { error: error instanceof Error ? error : 'unknown failure' });
  }
  await respond(event, failure);
};

async function respond(event: CloudFormationCustomResourceEvent, failure: unknown): Promise<void> {
  const { StackId, RequestId, LogicalResourceId } = event;
  const PhysicalResourceId = 'PhysicalResourceId' in event ? event.PhysicalResourceId : LogicalResourceId;
  const common = { PhysicalResourceId, StackId, RequestId, LogicalResourceId };
  const response: CloudFormationCustomResourceResponse =
    failure === undefined
      ? { Status: 'SUCCESS', ...common }
      : {
          Status: 'FAILED',
          Reason: (failure instanceof Error ? failure.message : 'unknown failure').slice(0, LONGEST_REASON),
          ...common,
        };
  // Bytes, because fetch adds a content type to text, and the signature of S3's address allows for none.
  const body = Buffer.from(JSON.stringify(response));
  const answer = await fetch(event.ResponseURL, { method: 'PUT', body });
  if (!answer.ok) throw new Error(`CloudFormation did not take the response: ${answer.status}`);
}
