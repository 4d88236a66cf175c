import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { freePort } from '../net';
import type { Running } from '../types';
import { startProgram, type Watch } from './program';
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
  readonly watch: Watch;
  readonly onCrash: (error: Error) => void;
}

function addressOf(url: string): RedisAddress {
  const { hostname, port, protocol, username, password } = new URL(url);
  return {
    host: hostname,
    port: Number(port || 6379),
    tls: protocol === 'rediss:',
    ...(username ? { username: decodeURIComponent(username) } : {}),
    ...(password ? { password: decodeURIComponent(password) } : {}),
  };
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

/** Redis with its data in `folder`, or the one of REDIS_URL. Rejects with one line that says what to install. */
export async function startRedis({ folder, url, watch, onCrash }: RedisOptions): Promise<RedisStore> {
  if (url) {
    const notes = ['Redis: REDIS_URL is used, its data is not ours to forget'];
    return { address: addressOf(url), notes, stop: () => Promise.resolve() };
  }
  const [binary, port] = await Promise.all([findRedis(), freePort()]);
  const password = randomBytes(18).toString('base64url');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const server = await startProgram(binary.path, ['-'], {
    ready: /Ready to accept connections/,
    stdin: configuration(port, folder, password),
    stopSignal: 'SIGTERM',
    env: { ...process.env, ...(binary.libraries ? { LD_LIBRARY_PATH: binary.libraries } : {}) },
    watch,
    onCrash,
  });
  return { ...server, address: { host: '127.0.0.1', port, tls: false, password }, notes: [] };
}
