import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import { authorizerContext, type Principal } from '../shared/principal';
import { logger } from '../shared/telemetry';

/** Finds out who is calling, or why that is not known. The reason goes to our log only. */
export type Identify = (event: APIGatewayRequestAuthorizerEvent) => Promise<Principal | { readonly refused: string }>;

/** API Gateway turns exactly this message into its UNAUTHORIZED answer. */
const UNAUTHORIZED = 'Unauthorized';

/** An authorizer: one wildcard answer for the whole stage, because API Gateway caches it by credential, not by route. */
export const authorizer =
  (identify: Identify) =>
  async (event: APIGatewayRequestAuthorizerEvent): Promise<APIGatewayAuthorizerResult> => {
    const found = await identify(event);
    if ('refused' in found) {
      logger.info('refused', { requestId: event.requestContext.requestId, reason: found.refused });
      throw new Error(UNAUTHORIZED);
    }
    return {
      principalId: found.id,
      policyDocument: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Action: 'execute-api:Invoke', Resource: wholeStage(event.methodArn) }],
      },
      context: authorizerContext(found),
    };
  };

/** arn:…:execute-api:region:account:api/stage/GET/path becomes arn:…:api/stage/* */
const wholeStage = (methodArn: string) => `${methodArn.split('/').slice(0, 2).join('/')}/*`;

/** One header of the request, whatever its spelling. */
export function credential({ headers }: APIGatewayRequestAuthorizerEvent, name: string): string {
  for (const key in headers) if (key.toLowerCase() === name) return headers[key] ?? '';
  return '';
}
