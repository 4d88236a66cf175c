import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer as createRawServer, type Server as RawServer, type Socket } from 'node:net';
import { generate } from 'selfsigned';

export interface Receiver {
  readonly port: number;
  /** Connections that it has accepted. */
  connections(): number;
  stop(): Promise<void>;
}

const receivers: Receiver[] = [];
export const stopAll = () => Promise.all(receivers.splice(0).map((receiver) => receiver.stop()));

const isListening = (address: AddressInfo | string | null): address is AddressInfo =>
  typeof address === 'object' && address !== null;

async function listening(server: Server | RawServer, host = '127.0.0.1'): Promise<Receiver> {
  const sockets = new Set<Socket>();
  let count = 0;
  server.on('connection', (socket: Socket) => {
    count += 1;
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  if (!isListening(address)) throw new Error('no port');
  const receiver = {
    port: address.port,
    connections: () => count,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  receivers.push(receiver);
  return receiver;
}

type Listener = (...request: Parameters<RequestListener>) => unknown;

export const http = (listener: Listener, host?: string) =>
  listening(
    createServer((request, response) => void listener(request, response)),
    host,
  );

export const https = (certificate: { cert: string; key: string }, listener: Listener) =>
  listening(createSecureServer(certificate, (request, response) => void listener(request, response)));

/** Hands over each request as soon as its first bytes are here, to be answered with bytes. */
export const raw = (onRequest: (socket: Socket, request: string, nth: number) => void) => {
  let nth = 0;
  return listening(
    createRawServer((socket) => socket.on('data', (bytes) => onRequest(socket, bytes.toString('latin1'), (nth += 1)))),
  );
};

/** A certificate authority, and a certificate of it for a name. */
export async function certificateFor(name: string) {
  const common = { keyType: 'ec', algorithm: 'sha256' } as const;
  const ca = await generate([{ name: 'commonName', value: 'Receivers CA' }], {
    ...common,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ],
  });
  const leaf = await generate([{ name: 'commonName', value: name }], {
    ...common,
    ca: { key: ca.private, cert: ca.cert },
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: name }] },
    ],
  });
  return { ca: ca.cert, cert: leaf.cert, key: leaf.private };
}
