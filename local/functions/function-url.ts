import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ACCOUNT } from '../aws/arn';
import type { InvokeRequest } from '../aws/permissions';
import { BodyTooLarge, readBody } from '../http/body';
import { clfTime } from '../http/clf-time';
import type { RequestHandler } from '../http/listen';
import { outgoingName } from '../http/outgoing-name';
import { isObject, list, text, textMembers } from '../json';
import type { LocalFunction } from '../types';

/** What stands behind one `AWS::Lambda::Url`. */
export interface FunctionUrlOptions {
  readonly authType: 'NONE' | 'AWS_IAM';
  readonly function: LocalFunction;
  /** The template's resource policies: what lets anybody in where `authType` is NONE. */
  readonly permits: (request: InvokeRequest) => boolean;
  /** Why the holder of the access key may not do this, naming principal, action and resource; nothing when it may. */
  readonly refusal: (accessKeyId: string, action: string, resource: string) => string | undefined;
  /** Gets a line for each answer whose reason the client is not told. */
  readonly log: (line: string) => void;
}

const MAX_BODY_BYTES = 6 * 1024 * 1024;

/** Since October 2025 a caller of a function URL needs both. */
const ACTIONS = ['lambda:InvokeFunctionUrl', 'lambda:InvokeFunction'] as const;

const FORBIDDEN = JSON.stringify({
  Message:
    'Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html',
});

/** Bodies of other types reach the function as base64; so do forms, as on AWS. */
const TEXT_TYPE = /^(?:text\/|application\/(?:json|javascript|xml|[\w.-]+\+(?:json|xml))\b)/i;

const accessKeyOf = (authorization: string | undefined): string | undefined =>
  /^AWS4-HMAC-SHA256 .*Credential=([^/,\s]+)\//.exec(authorization ?? '')?.[1];

/** Why the caller may not invoke; nothing when it may. */
const refusalOf = (message: IncomingMessage, options: FunctionUrlOptions): string | undefined => {
  const { arn } = options.function;
  if (options.authType === 'NONE') {
    const missing = ACTIONS.find(
      (action) => !options.permits({ principal: '*', action, resource: arn, viaFunctionUrl: true }),
    );
    return missing && `no AWS::Lambda::Permission lets anybody ${missing} on ${arn}`;
  }
  const accessKeyId = accessKeyOf(message.headers.authorization);
  if (accessKeyId === undefined) return `a request without an AWS signature may not ${ACTIONS[0]} on ${arn}`;
  return ACTIONS.map((action) => options.refusal(accessKeyId, action, arn)).find((reason) => reason !== undefined);
};

const joined = (values: string | readonly string[] | undefined): string =>
  typeof values === 'string' ? values : (values ?? []).join(',');

const headersOf = ({ headers, socket }: IncomingMessage): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => name !== 'cookie')
      .map(([name, values]) => [name, joined(values)]),
  ),
  'x-forwarded-for': socket.remoteAddress ?? '',
  'x-forwarded-port': String(socket.localPort),
  'x-forwarded-proto': 'http',
});

const queryOf = (query: URLSearchParams): Readonly<Record<string, string>> =>
  Object.fromEntries([...new Set(query.keys())].map((name) => [name, query.getAll(name).join(',')]));

const contextOf = (message: IncomingMessage, path: string, requestId: string) => {
  const { host = '', 'user-agent': userAgent } = message.headers;
  const now = Date.now();
  return {
    accountId: ACCOUNT,
    apiId: host.split(/[.:]/)[0],
    domainName: host,
    domainPrefix: host.split(/[.:]/)[0],
    http: {
      method: message.method,
      path,
      protocol: `HTTP/${message.httpVersion}`,
      sourceIp: message.socket.remoteAddress,
      userAgent,
    },
    requestId,
    routeKey: '$default',
    stage: '$default',
    time: clfTime(now),
    timeEpoch: now,
  };
};

/** An event of payload format 2.0. */
const eventOf = (message: IncomingMessage, body: Buffer, requestId: string) => {
  const [rawPath = '/', rawQueryString = ''] = (message.url ?? '/').split(/\?(.*)/s);
  const query = new URLSearchParams(rawQueryString);
  const isBase64Encoded = body.length > 0 && !TEXT_TYPE.test(message.headers['content-type'] ?? 'application/json');
  const { cookie } = message.headers;
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString,
    ...(cookie === undefined ? {} : { cookies: cookie.split(/;\s*/) }),
    headers: headersOf(message),
    ...(query.size === 0 ? {} : { queryStringParameters: queryOf(query) }),
    requestContext: contextOf(message, rawPath, requestId),
    ...(body.length === 0 ? {} : { body: body.toString(isBase64Encoded ? 'base64' : 'utf8') }),
    isBase64Encoded,
  };
};

/** An answer without `statusCode` is itself the body: a text as it is, all else as JSON. */
const reply = (answer: unknown, response: ServerResponse): void => {
  if (!isObject(answer) || answer.statusCode === undefined) {
    response.setHeader('content-type', 'application/json');
    response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
    return;
  }
  response.statusCode = Number(answer.statusCode);
  response.setHeader('content-type', 'application/json');
  for (const [name, value] of Object.entries(textMembers(answer.headers))) {
    const outgoing = outgoingName(name);
    if (outgoing !== undefined && outgoing.toLowerCase() !== 'content-length') response.setHeader(outgoing, value);
  }
  const cookies = list(answer.cookies)
    .map(text)
    .filter((cookie) => cookie !== undefined);
  if (cookies.length > 0) response.setHeader('set-cookie', cookies);
  response.end(Buffer.from(text(answer.body) ?? '', answer.isBase64Encoded === true ? 'base64' : 'utf8'));
};

const refuse = (response: ServerResponse, status: number, body: string): void => {
  response.statusCode = status;
  response.setHeader('content-type', 'application/json');
  response.end(body);
};

/** Serves one function URL. */
export const serveFunctionUrl =
  (options: FunctionUrlOptions): RequestHandler =>
  async (message, response) => {
    const requestId = randomUUID();
    response.setHeader('x-amzn-RequestId', requestId);
    const refusal = refusalOf(message, options);
    if (refusal !== undefined) {
      options.log(`${options.function.name}: ${refusal}`);
      refuse(response, 403, FORBIDDEN);
      return;
    }
    try {
      const body = await readBody(message, MAX_BODY_BYTES);
      reply(await options.function.invoke(eventOf(message, body, requestId)), response);
    } catch (error) {
      if (response.destroyed) return;
      message.resume();
      if (error instanceof BodyTooLarge) {
        refuse(response, 413, '{"Message":"Request Too Long"}');
        return;
      }
      options.log(`${options.function.name}: ${error instanceof Error ? error.message : String(error)}`);
      refuse(response, 502, 'Internal Server Error');
    }
  };

/** The target and the authentication of an `AWS::Lambda::Url`'s properties. */
export const functionUrlOf = (properties: Readonly<Record<string, unknown>>) => ({
  functionArn: text(properties.TargetFunctionArn) ?? '',
  authType: properties.AuthType === 'AWS_IAM' ? ('AWS_IAM' as const) : ('NONE' as const),
});
