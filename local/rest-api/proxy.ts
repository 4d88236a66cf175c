import { FunctionError } from '../types';
import type { ProxyIntegration } from './document';
import { type ApiIdentity, type GatewayRequest, proxyEvent } from './event';
import { GatewayError } from './gateway-response';
import { executeArn, type Functions, invokeFor } from './invoke';
import { acceptsBinary, bodyText } from './media';
import { type Reply, replyOf } from './reply';
import type { Match } from './router';

/** What a Lambda proxy integration knows of its API. */
export interface ProxySurroundings {
  readonly identity: ApiIdentity;
  readonly stageVariables: Readonly<Record<string, string>>;
  readonly binaryMediaTypes: readonly string[];
  readonly functions: Functions;
}

/** The function runs on, as on AWS: only the client stops waiting. */
const within = <T>(timeoutMs: number, work: Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new GatewayError('INTEGRATION_TIMEOUT')), timeoutMs);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });

const gatewayErrorOf = (error: unknown): unknown => {
  if (!(error instanceof FunctionError)) return error;
  if (error.errorType === 'RequestTooLargeException') return new GatewayError('REQUEST_TOO_LARGE');
  return new GatewayError('DEFAULT_5XX', { status: 502, reason: `${error.errorType}: ${error.message}` });
};

/** Hands the request to a method's function and reads its answer. Rejects with a {@link GatewayError}. */
export const proxy = async (
  { functionArn, timeoutMs }: ProxyIntegration,
  request: GatewayRequest,
  match: Match,
  body: Buffer,
  { identity, stageVariables, binaryMediaTypes, functions }: ProxySurroundings,
): Promise<Reply> => {
  const { headers } = request.message;
  // Permissions speak of resources: whatever stands for a path parameter is a `*`.
  const sourceArn = executeArn(identity, request.verb, match.method.path.replace(/\{[^}]+\}/g, '*'));
  const content = bodyText(body, headers['content-type'], binaryMediaTypes);
  const event = proxyEvent(request, match, stageVariables, content);
  const invocation = invokeFor(functions, { functionArn, sourceArn }, 'API_CONFIGURATION_ERROR', event);
  try {
    return replyOf(await within(timeoutMs, invocation), acceptsBinary(headers.accept, binaryMediaTypes));
  } catch (error) {
    throw gatewayErrorOf(error);
  }
};
