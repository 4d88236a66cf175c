import type { APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import { event } from './event';

export const STAGE_ARN = 'arn:aws:execute-api:eu-west-1:000000000000:api/test';

/** What API Gateway hands a REQUEST authorizer for a request with these headers. */
export function authorizerEvent(headers: Readonly<Record<string, string>>): APIGatewayRequestAuthorizerEvent {
  const { requestContext, ...request } = event({ resource: '/v1/members', headers });
  return {
    ...request,
    type: 'REQUEST',
    methodArn: `${STAGE_ARN}/GET/v1/members`,
    requestContext: { ...requestContext, authorizer: undefined },
  };
}
