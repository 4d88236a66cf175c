import { arn } from '../aws/arn';
import type { InvokeRequest } from '../aws/permissions';
import type { LocalFunction } from '../types';
import type { ApiIdentity } from './event';
import { GatewayError } from './gateway-response';

export type Invoke = (event: unknown) => Promise<unknown>;

/** The functions that the API may reach, and who may reach them. */
export interface Functions {
  find(functionArn: string): LocalFunction | undefined;
  permits(request: InvokeRequest): boolean;
}

/** `arn:aws:execute-api:...:<api>/<stage>/<verb>/<path>`, what policies and permissions speak of. */
export const executeArn = ({ apiId, stage }: ApiIdentity, verb: string, path: string): string =>
  arn('execute-api', `${apiId}/${stage}/${verb}/${path.replace(/^\/+/, '')}`);

export const authorizerArn = ({ apiId }: ApiIdentity, name: string): string =>
  arn('execute-api', `${apiId}/authorizers/${name}`);

/**
 * Invokes as API Gateway: only with the function's permission for the source ARN. Without it, or without the function,
 * rejects with a {@link GatewayError} of the given type; a failing function rejects with its FunctionError.
 */
export const invokeFor = async (
  functions: Functions,
  { functionArn, sourceArn }: { readonly functionArn: string; readonly sourceArn: string },
  refusal: 'API_CONFIGURATION_ERROR' | 'AUTHORIZER_CONFIGURATION_ERROR',
  event: unknown,
): Promise<unknown> => {
  const found = functions.find(functionArn);
  if (found === undefined) throw new GatewayError(refusal, { reason: `there is no function ${functionArn}` });
  const principal = 'apigateway.amazonaws.com';
  if (!functions.permits({ principal, action: 'lambda:InvokeFunction', resource: functionArn, sourceArn })) {
    const reason = `no AWS::Lambda::Permission lets ${principal} invoke ${functionArn} for ${sourceArn}`;
    throw new GatewayError(refusal, { reason });
  }
  return found.invoke(event);
};
