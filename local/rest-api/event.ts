import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { ACCOUNT } from '../aws/arn';
import { clfTime } from '../http/clf-time';
import type { Match } from './router';

type Texts = Readonly<Record<string, string>>;
type MultiTexts = Readonly<Record<string, readonly string[]>>;

/** What an authorizer said of the caller, as handlers read it: `principalId` and its context, all texts. */
export type AuthorizerContext = Readonly<Record<string, string | number>>;

/** `requestContext` of an event, as far as a regional REST API fills it in. It grows on the request's way. */
export interface RequestContext {
  readonly [name: string]: unknown;
  readonly requestId: string;
  readonly extendedRequestId: string;
  readonly stage: string;
  authorizer?: AuthorizerContext;
}

/** A request on its way through the gateway. */
export interface GatewayRequest {
  readonly message: IncomingMessage;
  readonly verb: string;
  /** As the client wrote it, percent-encoding included. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Texts;
  readonly multiValueHeaders: MultiTexts;
  readonly context: RequestContext;
}

/** The API as events name it. */
export interface ApiIdentity {
  readonly apiId: string;
  readonly stage: string;
}

/** What API Gateway keeps from a function; from its table of dropped headers, and `Content-Length` as observed. */
const DROPPED = new Set(
  (
    'connection content-length content-md5 expect keep-alive max-forwards proxy-authenticate server te trailer ' +
    'transfer-encoding upgrade www-authenticate'
  ).split(' '),
);

/** Random hex digits. From randomUUID, because Node keeps entropy ready for it: randomBytes cost 3 % of a request. */
const randomHex = (digits: number): string => randomUUID().replaceAll('-', '').slice(0, digits);

/** What the AWS front adds to every request. */
const forwardedHeaders = ({ socket, headers }: IncomingMessage): readonly (readonly [string, string])[] => [
  ['X-Amzn-Trace-Id', `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-${randomHex(24)}`],
  ['X-Forwarded-For', [headers['x-forwarded-for'] ?? [], socket.remoteAddress ?? ''].flat().join(', ')],
  ['X-Forwarded-Port', String(socket.localPort)],
  ['X-Forwarded-Proto', 'http'],
];

/** These three arrive so, however the client wrote them. */
const CANONICAL = new Map(['Authorization', 'Host', 'User-Agent'].map((name) => [name.toLowerCase(), name]));

/** Names as the client wrote them; of a repeated header the single form keeps the last. */
const headersOf = (message: IncomingMessage): Pick<GatewayRequest, 'headers' | 'multiValueHeaders'> => {
  const headers: Record<string, string> = {};
  const multiValueHeaders: Record<string, string[]> = {};
  const forwarded = forwardedHeaders(message);
  const add = (name: string, value: string) => {
    headers[name] = value;
    (multiValueHeaders[name] ??= []).push(value);
  };
  for (let index = 0; index < message.rawHeaders.length; index += 2) {
    const name = message.rawHeaders[index] ?? '';
    const lower = name.toLowerCase();
    const replaced = lower.startsWith('x-') && forwarded.some(([added]) => added.toLowerCase() === lower);
    if (!DROPPED.has(lower) && !replaced) add(CANONICAL.get(lower) ?? name, message.rawHeaders[index + 1] ?? '');
  }
  for (const [name, value] of forwarded) add(name, value);
  return { headers, multiValueHeaders };
};

const contextOf = (message: IncomingMessage, path: string, { apiId, stage }: ApiIdentity): RequestContext => {
  const now = Date.now();
  const { host = '', 'user-agent': userAgent } = message.headers;
  return {
    accountId: ACCOUNT,
    apiId,
    domainName: host,
    domainPrefix: host.split(/[.:]/)[0],
    extendedRequestId: `${randomHex(15)}=`,
    httpMethod: message.method,
    identity: { sourceIp: message.socket.remoteAddress, userAgent: userAgent ?? null },
    path,
    protocol: `HTTP/${message.httpVersion}`,
    requestId: randomUUID(),
    requestTime: clfTime(now),
    requestTimeEpoch: now,
    stage,
  };
};

/** Takes a request apart. Never throws: whatever the client sent, there is a request id to answer with. */
export const gatewayRequest = (message: IncomingMessage, api: ApiIdentity): GatewayRequest => {
  const url = message.url ?? '/';
  const queryStart = url.indexOf('?');
  const path = queryStart < 0 ? url : url.slice(0, queryStart);
  return {
    message,
    verb: message.method ?? 'GET',
    path,
    query: new URLSearchParams(queryStart < 0 ? '' : url.slice(queryStart)),
    ...headersOf(message),
    context: contextOf(message, path, api),
  };
};

const queryOf = (query: URLSearchParams): { readonly single: Texts; readonly multi: MultiTexts } | undefined => {
  if (query.size === 0) return undefined;
  const multi: Record<string, string[]> = {};
  for (const [name, value] of query) (multi[name] ??= []).push(value);
  return { single: Object.fromEntries(query), multi };
};

const orNull = <T extends object>(members: T): T | null => (Object.keys(members).length === 0 ? null : members);

/** What proxy events and authorizer events have in common. */
const commonEvent = (request: GatewayRequest, { method, pathParameters }: Match) => ({
  resource: method.path,
  path: request.path,
  httpMethod: request.verb,
  headers: request.headers,
  multiValueHeaders: request.multiValueHeaders,
  pathParameters,
});

/** The event of a Lambda proxy integration. */
export const proxyEvent = (
  request: GatewayRequest,
  match: Match,
  stageVariables: Texts,
  body: { readonly text: string; readonly isBase64Encoded: boolean },
) => {
  const query = queryOf(request.query);
  return {
    ...commonEvent(request, match),
    queryStringParameters: query?.single ?? null,
    multiValueQueryStringParameters: query?.multi ?? null,
    pathParameters: orNull(match.pathParameters),
    stageVariables: orNull(stageVariables),
    requestContext: request.context,
    body: body.text === '' ? null : body.text,
    isBase64Encoded: body.isBase64Encoded,
  };
};

/** The event of a REQUEST authorizer: empty objects where a proxy event has null, and no body. */
export const requestAuthorizerEvent = (
  request: GatewayRequest,
  match: Match,
  stageVariables: Texts,
  methodArn: string,
) => {
  const query = queryOf(request.query);
  return {
    type: 'REQUEST',
    methodArn,
    ...commonEvent(request, match),
    queryStringParameters: query?.single ?? {},
    multiValueQueryStringParameters: query?.multi ?? {},
    stageVariables,
    requestContext: request.context,
  };
};
