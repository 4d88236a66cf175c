import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A TCP proxy whose line can be cut, or stalled: then it takes everything and hands on nothing. */
export interface Proxy {
  readonly port: number;
  /** Ends every connection and takes none. */
  cut(): Promise<void>;
  stall(): void;
  /** As before either. */
  mend(): Promise<void>;
  stop(): Promise<void>;
}

export async function startProxy(upstreamPort: number): Promise<Proxy> {
  const sockets = new Set<Socket>();
  let isStalled = false;
  const server = createServer((client) => {
    const upstream = connect({ host: '127.0.0.1', port: upstreamPort });
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('data', (bytes) => isStalled || to.write(bytes));
      from.on('close', () => to.destroy());
      from.on('error', () => undefined);
    }
  });
  const open = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  await open(0);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const { port } = address;
  const endAll = () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  const close = async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    endAll();
    await closed;
  };
  return {
    port,
    cut: close,
    stall() {
      isStalled = true;
    },
    async mend() {
      // What was swallowed is lost: those connections are of no more use.
      if (isStalled) endAll();
      isStalled = false;
      if (!server.listening) await open(port);
    },
    stop: close,
  };
}
