import type { ServerResponse } from 'node:http';
import type { RequestHandler } from '../http/listen';
import { RESERVED_PATHS } from './document';
import { type GatewayRequest, gatewayRequest } from './event';
import { GatewayError, gatewayResponse } from './gateway-response';
import { compressed, shallCompress } from './media';
import { type Reply, singleValued } from './reply';
import type { RestApi } from './rest-api';

const has = (headers: Reply['headers'], wanted: string): boolean =>
  [...headers.keys()].some((name) => name.toLowerCase() === wanted);

const send = async (api: RestApi, reply: Reply, request: GatewayRequest, response: ServerResponse): Promise<void> => {
  const { minimumCompressionBytes } = api.document;
  const encoded = has(reply.headers, 'content-encoding');
  const compress = shallCompress(reply.body, request.message.headers, encoded, minimumCompressionBytes);
  const body = compress ? await compressed(reply.body) : reply.body;
  response.statusCode = reply.status;
  for (const [name, values] of reply.headers)
    response.setHeader(name, values.length === 1 ? String(values[0]) : values);
  if (compress) response.setHeader('Content-Encoding', 'gzip');
  // A function's own length would be wrong after decoding or compression, and hang the client.
  response.setHeader('Content-Length', body.length);
  response.end(body);
};

/** The gateway's own answer; what is no GatewayError is a fault of this host, and still an answer. */
const refusal = (api: RestApi, error: unknown, request: GatewayRequest): Reply => {
  const gatewayError =
    error instanceof GatewayError ? error : new GatewayError('DEFAULT_5XX', { reason: String(error) });
  const refused = { ...api.templateValues(request), headers: request.message.headers };
  const { status, headers, body } = gatewayResponse(gatewayError, api.document.gatewayResponses, refused);
  return { status, headers: singleValued(headers), body: Buffer.from(body) };
};

/** A client that is told 5xx is told no reason: the log is. */
const reasonOf = (error: unknown): string | undefined => {
  if (error instanceof GatewayError) return error.details.reason;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
};

/**
 * Serves a REST API at the root of a port, as behind a custom domain.
 * `log` gets a line for each answer whose reason the client is not told.
 */
export const serveRestApi =
  (api: RestApi, log: (line: string) => void): RequestHandler =>
  async (message, response) => {
    const request = gatewayRequest(message, api.identity);
    response.setHeader('x-amzn-RequestId', request.context.requestId);
    response.setHeader('x-amz-apigw-id', request.context.extendedRequestId);
    if (RESERVED_PATHS.includes(request.path)) {
      response.setHeader('Content-Type', 'text/plain').end('healthy');
      return;
    }
    try {
      await send(api, await api.answer(request), request, response);
    } catch (error) {
      if (response.destroyed) return;
      const reason = reasonOf(error);
      if (reason !== undefined) log(`${request.verb} ${request.path} (${request.context.requestId}): ${reason}`);
      // What is left of the body is read and forgotten: closing on a client that is still sending costs it the answer.
      message.resume();
      await send(api, refusal(api, error, request), request, response);
    }
  };
