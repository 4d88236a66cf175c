import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { gunzip, inflate } from 'node:zlib';
import type { Running } from './types';

/** Answers one request. Must not reject. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** A loopback HTTP server that listens first, so that its URL can be told, and gets its handler later. */
export interface Listener extends Running {
  /** Without a slash at the end. */
  readonly url: string;
  handle(handler: RequestHandler): void;
}

const starting: RequestHandler = async (_, response) => {
  response.writeHead(503, { 'content-type': 'text/plain' }).end('starting\n');
};

const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

/** Listens on the loopback address; port 0 takes a free one. Rejects with `EADDRINUSE` when the port is taken. */
export const listen = (port: number): Promise<Listener> =>
  new Promise((resolve, reject) => {
    let current = starting;
    const server = createServer((request, response) => void current(request, response));
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      const taken = typeof address === 'object' && address !== null ? address.port : port;
      resolve({
        url: `http://127.0.0.1:${taken}`,
        handle: (handler) => {
          current = handler;
        },
        stop: () => close(server),
      });
    });
  });

/** A request body is over the limit; what was not yet read was left unread. */
export class BodyTooLarge extends Error {
  override name = 'BodyTooLarge';
}

/** A request body is not what its `content-encoding` says. */
export class BodyMalformed extends Error {
  override name = 'BodyMalformed';
}

const EMPTY = Buffer.alloc(0);

/** Reads the body, never more than the limit of it. Rejects with {@link BodyTooLarge}, or when the client goes away. */
export const readBody = async (request: IncomingMessage, limitBytes: number): Promise<Buffer> => {
  const { 'content-length': length, 'transfer-encoding': transferEncoding } = request.headers;
  if (length === undefined && transferEncoding === undefined) return EMPTY;
  if (Number(length ?? 0) > limitBytes) throw new BodyTooLarge();
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > limitBytes) throw new BodyTooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

const DECODERS = { gzip: gunzip, 'x-gzip': gunzip, deflate: inflate };

/** Undoes `content-encoding`; unknown ones stay. The limit holds for the decoded size, against compressed bombs. */
export const decodeBody = (body: Buffer, encoding: string | undefined, limitBytes: number): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const decode = Object.entries(DECODERS).find(([name]) => name === encoding?.trim().toLowerCase())?.[1];
    if (decode === undefined || body.length === 0) {
      resolve(body);
      return;
    }
    decode(body, { maxOutputLength: limitBytes }, (error: NodeJS.ErrnoException | null, decoded) => {
      if (!error) resolve(decoded);
      else reject(error.code === 'ERR_BUFFER_TOO_LARGE' ? new BodyTooLarge() : new BodyMalformed());
    });
  });
