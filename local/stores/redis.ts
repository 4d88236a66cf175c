import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { writeCommand } from '../doors/resp';
import { freePort } from '../http/listen';
import type { Watcher } from '../lifetime/reaper';
import type { Running } from '../types';
import { startProgram } from './program';
import { findRedis } from './redis-binary';

/** A plain Redis, as the door reaches it. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly username?: string;
  readonly password?: string;
}

export interface RedisStore extends Running {
  readonly address: RedisAddress;
  readonly notes: readonly string[];
}

export interface RedisOptions {
  /** Where its data stays between runs. */
  readonly folder: string;
  /** An existing server instead of one of our own: `redis[s]://[user:password@]host:port`. */
  readonly url?: string | undefined;
  readonly watcher: Watcher;
  readonly onCrash: (error: Error) => void;
}

const PATIENCE_MILLISECONDS = 3_000;

/** A connection that has logged in. Rejects with the reason when there is no Redis, or it does not let us in. */
export async function connectRedis({ host, port, tls, username, password }: RedisAddress): Promise<Socket> {
  const socket = tls ? connectTls({ host, port, servername: host }) : connect({ host, port });
  socket.setNoDelay(true).setTimeout(PATIENCE_MILLISECONDS, () => socket.destroy(new Error('no answer within 3 s')));
  socket.write(writeCommand(password === undefined ? ['PING'] : ['AUTH', username ?? 'default', password]));
  // An answer this short comes in one piece or the connection is of no use.
  const left = once(socket, 'close').then(() => Promise.reject(new Error('it closed the connection')));
  const [reply]: unknown[] = await Promise.race([once(socket, 'data'), left]);
  if (!String(reply).startsWith('+')) {
    socket.destroy();
    throw new Error(String(reply).trim());
  }
  return socket.setTimeout(0);
}

/** The server of REDIS_URL. What is said about it must not show its password. */
async function existing(url: string): Promise<RedisStore> {
  if (!URL.canParse(url)) throw new Error('REDIS_URL is not a URL like redis[s]://[user:password@]host:port');
  const { hostname: host, port, protocol, username, password } = new URL(url);
  const address = {
    host,
    port: Number(port || 6379),
    tls: protocol === 'rediss:',
    ...(username ? { username: decodeURIComponent(username) } : {}),
    ...(password ? { password: decodeURIComponent(password) } : {}),
  };
  const connected = await connectRedis(address).catch((error: NodeJS.ErrnoException) => {
    const reason = error.message || error.code;
    throw new Error(`REDIS_URL: no Redis to use at ${host}:${address.port} (${reason})`, { cause: error });
  });
  connected.destroy();
  const notes = ['Redis: REDIS_URL is used, its data is not ours to forget'];
  return { address, notes, stop: () => Promise.resolve() };
}

/** The password keeps other users of this machine from walking past the door; on stdin it is not in the process list. */
const configuration = (port: number, folder: string, password: string) => `
bind 127.0.0.1
port ${port}
requirepass ${password}
dir "${folder}"
appendonly yes
save ""
daemonize no
`;

const RESTART_MILLISECONDS = 500;

/** A server that is started again, at the same place, when it ends by itself: as ElastiCache replaces a node. */
async function kept(start: (whenEnded: () => void) => Promise<Running>): Promise<Running> {
  let isStopping = false;
  const again = async (): Promise<void> => {
    await pause(RESTART_MILLISECONDS);
    if (isStopping) return;
    try {
      server = await start(whenEnded);
    } catch {
      // It ended before it was ready.
      return again();
    }
    if (isStopping) await server.stop();
  };
  const whenEnded = () => void again();
  let server = await start(whenEnded);
  return {
    async stop() {
      isStopping = true;
      await server.stop();
    },
  };
}

/** Redis with its data in `folder`, or the one of REDIS_URL. Rejects with one line that says what to install. */
export async function startRedis({ folder, url, watcher, onCrash }: RedisOptions): Promise<RedisStore> {
  if (url) return existing(url);
  const [binary, port] = await Promise.all([findRedis(), freePort()]);
  const password = randomBytes(18).toString('base64url');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const server = await kept((whenEnded) =>
    startProgram(binary.path, ['-'], {
      ready: /Ready to accept connections/,
      stdin: configuration(port, folder, password),
      stopSignal: 'SIGTERM',
      env: { ...process.env, ...(binary.libraries ? { LD_LIBRARY_PATH: binary.libraries } : {}) },
      watcher,
      onCrash(error) {
        onCrash(error);
        whenEnded();
      },
    }),
  );
  return { ...server, address: { host: '127.0.0.1', port, tls: false, password }, notes: [] };
}
