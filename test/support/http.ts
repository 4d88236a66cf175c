import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import * as z from 'zod/mini';
import { context } from './event';

export interface TestServer {
  readonly url: string;
  /** Stops listening and ends every connection, as a crash would. */
  stop(): Promise<void>;
}

/** A real HTTP server on a free loopback port, or on one that was free before. */
export async function listen(
  listener: (request: IncomingMessage, response: ServerResponse) => unknown,
  port = 0,
): Promise<TestServer> {
  const server = createServer((request, response) => void listener(request, response));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}/`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type FunctionUrlHandler = (event: APIGatewayProxyEventV2, context: Context, done: () => void) => unknown;

const Result = z.object({ statusCode: z.int(), headers: z.record(z.string(), z.string()), body: z.string() });

/** Serves a Lambda handler as a function URL does (payload format 2.0), authorization left out. */
export const serveFunctionUrl = (handler: FunctionUrlHandler) =>
  listen(async (request, response) => {
    const event = await toEvent(request);
    const { statusCode, headers, body } = Result.parse(await handler(event, context, () => undefined));
    response.writeHead(statusCode, headers).end(body);
  });

async function toEvent(request: IncomingMessage): Promise<APIGatewayProxyEventV2> {
  const { pathname, search } = new URL(request.url ?? '/', 'http://localhost');
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
  const http = {
    method: request.method ?? '',
    path: pathname,
    protocol: 'HTTP/1.1',
    sourceIp: '127.0.0.1',
    userAgent: '',
  };
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: pathname,
    rawQueryString: search.slice(1),
    headers,
    body: await text(request),
    isBase64Encoded: false,
    requestContext: {
      accountId: 'anonymous',
      apiId: 'local',
      domainName: 'localhost',
      domainPrefix: 'local',
      http,
      requestId: 'function-url-request',
      routeKey: '$default',
      stage: '$default',
      time: '12/Mar/2024:19:03:58 +0000',
      timeEpoch: 1_710_270_238_000,
    },
  };
}
