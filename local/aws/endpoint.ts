import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { BodyTooLarge, readBody } from '../http/body';
import type { RequestHandler } from '../http/listen';
import { isObject, parseJson } from '../json';
import type { Caller, CallerOf, Denial } from '../types';
import { accessDenied, evaluate, type Need } from './iam';
import { type AwsCall, AwsError, type AwsReply, type AwsService, notEmulated } from './service';

export interface EndpointOptions {
  readonly callerOf: CallerOf;
  /** By the service's name in SigV4's credential scope: `dynamodb`, `sqs`, `secretsmanager`. */
  readonly services: Readonly<Record<string, AwsService>>;
  readonly onDenied: (denial: Denial) => void;
}

/** DynamoDB takes 16 MB, the most of all services. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

const CREDENTIAL = /Credential=([^/,\s]+)\/\d{8}\/[^/,\s]+\/([^/,\s]+)\/aws4_request/;

/** What was sent; a body over the limit is an error of AWS's kind. */
async function read(request: IncomingMessage): Promise<Buffer> {
  try {
    return await readBody(request, MAX_BODY_BYTES);
  } catch (error) {
    throw error instanceof BodyTooLarge
      ? new AwsError('RequestEntityTooLarge', 'Request body is too large.', 413)
      : error;
  }
}

/** `x-amz-target` in the JSON protocols, the last part of the path in the CBOR one, else the method and path. */
function actionOf({ headers, method, url }: IncomingMessage): string {
  const target = headers['x-amz-target'];
  if (typeof target === 'string') return target.split('.').at(-1) ?? '';
  return /\/operation\/(\w+)$/.exec(url ?? '')?.[1] ?? `${method} ${url}`;
}

/** Anything but an object is refused here: dynalite, for one, throws on it. */
function bodyOf(raw: Buffer, contentType = ''): Readonly<Record<string, unknown>> {
  if (!contentType.includes('json')) return {};
  const body = parseJson(raw.toString());
  if (!isObject(body)) throw new AwsError('SerializationException', 'The request body is not a JSON object.');
  return body;
}

/** Every request from the laptop counts as one that came over TLS, as every request to AWS does. */
const commonContext = { 'aws:securetransport': ['true'] };

function authorize(caller: Caller, needs: readonly Need[], onDenied: EndpointOptions['onDenied']): void {
  for (const need of needs) {
    const verdict = evaluate(caller.statements, { ...need, context: { ...commonContext, ...need.context } });
    if (verdict === 'allowed') continue;
    const denial = { principal: caller.principal, action: need.action, resource: need.resource };
    onDenied(denial);
    throw new AwsError('AccessDeniedException', accessDenied(denial, verdict));
  }
}

async function answer(request: IncomingMessage, signal: AbortSignal, options: EndpointOptions): Promise<AwsReply> {
  const raw = await read(request);
  const [, accessKeyId = '', name = ''] = CREDENTIAL.exec(request.headers.authorization ?? '') ?? [];
  if (!accessKeyId) throw new AwsError('MissingAuthenticationTokenException', 'The request is not signed.', 403);
  const caller = options.callerOf(accessKeyId);
  if (!caller) {
    throw new AwsError('UnrecognizedClientException', 'The security token included in the request is invalid.', 403);
  }
  const action = actionOf(request);
  const service = Object.hasOwn(options.services, name) ? options.services[name] : undefined;
  if (!service) throw notEmulated(name, action);
  const { headers, method = 'GET', url: path = '/' } = request;
  const call: AwsCall = { action, method, path, headers, raw, body: bodyOf(raw, headers['content-type']), signal };
  authorize(caller, service.needs(call), options.onDenied);
  return service.answer(call);
}

/** An error in the JSON protocols: the SDK takes the name from the header or from `__type`. */
function errorReply(error: unknown): AwsReply {
  const { type, message, status } =
    error instanceof AwsError ? error : new AwsError('InternalFailure', String(error), 500);
  return {
    status,
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-errortype': type },
    body: JSON.stringify({ __type: type, message, Message: message }),
  };
}

/**
 * The one loopback AWS endpoint of a run. The access key of a request says whose role is calling; the synthesized
 * policies of that role decide; then the service answers.
 */
export const awsEndpoint =
  (options: EndpointOptions): RequestHandler =>
  async (request, response) => {
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const reply = await answer(request, gone.signal, options).catch(errorReply);
    if (response.destroyed) return;
    response.writeHead(reply.status, { 'x-amzn-requestid': randomUUID(), ...reply.headers });
    response.end(reply.body);
  };
