import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import type { Running } from '../types';

/**
 * Opens a server on one address, the loopback's if none is given; port 0 takes a free one. Stopping it ends its
 * connections too, which a server alone would wait for. Rejects with what to do when the port is taken.
 */
export async function openPort(
  server: Server,
  port = 0,
  host = '127.0.0.1',
): Promise<Running & { readonly port: number }> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explained(error, port)));
    server.listen(port, host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

const explained = (error: NodeJS.ErrnoException, port: number): Error =>
  error.code === 'EADDRINUSE'
    ? new Error(`port ${port} is taken: end what holds it, or start with PORT=0 for a free one`, { cause: error })
    : error;

/** A loopback port that was free a moment ago, for programs that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  const { port, stop } = await openPort(createServer());
  await stop();
  return port;
}

/** Answers one request. Must not reject. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** An HTTP server that listens first, so that its URL can be told, and gets its handler later. Until then it answers 503. */
export interface Listener extends Running {
  /** Without a slash at the end. */
  readonly url: string;
  handle(handler: RequestHandler): void;
}

const starting: RequestHandler = async (_, response) => {
  response.writeHead(503, { 'content-type': 'text/plain' }).end('starting\n');
};

/** Listens for HTTP requests, on a free port of the loopback if none is given. */
export async function listen(port = 0, host = '127.0.0.1'): Promise<Listener> {
  let current = starting;
  const server = createHttpServer((request, response) => void current(request, response));
  // The SDKs keep sockets open between invocations: closing first would make their next request fail.
  server.keepAliveTimeout = 60_000;
  const opened = await openPort(server, port, host);
  return {
    url: `http://127.0.0.1:${opened.port}`,
    handle: (handler) => {
      current = handler;
    },
    stop: opened.stop,
  };
}
