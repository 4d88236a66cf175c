import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { Redis as Client } from 'ioredis';
import { type Redis, redisBehind } from '../../lambdas/shared/stores/redis';
import { loopbackCertificate } from '../../local/doors/certificate';
import { freePort } from '../../local/http/listen';
import { startProgram } from '../../local/stores/program';
import { startRedis as startServer } from '../../local/stores/redis';
import { findRedis } from '../../local/stores/redis-binary';
import { watcher } from '../local/support';
import { commandsOn } from './commands';
import { temporaryFolder } from './temporary-folder';

/** What a client needs to connect, as JSON can carry it. */
interface Connection {
  readonly host: string;
  readonly port: number;
  readonly password: string;
  readonly tls?: { readonly ca: string };
  readonly enableReadyCheck: false;
}

export interface TestRedis {
  readonly client: Client;
  readonly options: Connection;
  readonly commands: Redis;
  stop(): Promise<void>;
}

const onCrash = () => undefined;

/** An empty Redis of its own on a free loopback port. */
export async function startRedis(): Promise<TestRedis> {
  const folder = temporaryFolder('gatehouse-redis-');
  const { address, stop } = await startServer({ folder, watcher, onCrash });
  const { host, port, password = '' } = address;
  return testRedis({ host, port, password, enableReadyCheck: false }, folder, stop);
}

/**
 * The same with TLS and in cluster mode, as ElastiCache Serverless is: one server that has every slot refuses a script
 * whose keys are of several.
 */
export async function startClusterRedis(): Promise<TestRedis> {
  const folder = temporaryFolder('gatehouse-redis-');
  const [binary, port, busPort] = await Promise.all([findRedis(), freePort(), freePort()]);
  const { caFile } = await loopbackCertificate(join(folder, 'tls'));
  const password = randomBytes(18).toString('base64url');
  const server = await startProgram(binary.path, ['-'], {
    ready: /Ready to accept connections/,
    stdin: clusterConfiguration({ port, busPort, password, folder }),
    stopSignal: 'SIGTERM',
    env: { ...process.env, ...(binary.libraries ? { LD_LIBRARY_PATH: binary.libraries } : {}) },
    watcher,
    onCrash,
  });
  const tls = { ca: readFileSync(caFile, 'utf8') };
  const redis = testRedis({ host: '127.0.0.1', port, password, tls, enableReadyCheck: false }, folder, server.stop);
  await redis.client.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
  while (!String(await redis.client.call('CLUSTER', 'INFO')).includes('cluster_state:ok')) await pause(20);
  return redis;
}

interface ClusterSettings {
  readonly port: number;
  readonly busPort: number;
  readonly password: string;
  readonly folder: string;
}

const clusterConfiguration = ({ port, busPort, password, folder }: ClusterSettings) => `
bind 127.0.0.1
port 0
tls-port ${port}
tls-cert-file "${folder}/tls/server.pem"
tls-key-file "${folder}/tls/server.key"
tls-ca-cert-file "${folder}/tls/ca.pem"
tls-auth-clients no
cluster-enabled yes
cluster-port ${busPort}
cluster-config-file "${folder}/nodes.conf"
requirepass ${password}
dir "${folder}"
save ""
daemonize no
`;

function testRedis(options: Connection, folder: string, stop: () => Promise<void>): TestRedis {
  const client = new Client(options);
  return {
    client,
    options,
    commands: commandsOn(client),
    async stop() {
      client.disconnect();
      await stop();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Each kind of Redis that the product must work with. */
export const REDIS_KINDS = [
  ['Redis', startRedis],
  ['Redis with TLS in cluster mode', startClusterRedis],
] as const;

/** A door as functions have it, whose connections can be seen and ended. */
export function doorTo({ host, port, password, tls }: Omit<Connection, 'enableReadyCheck'>) {
  const sockets: Socket[] = [];
  return {
    sockets,
    connect() {
      const socket = tls ? connectTls({ host, port, ...tls }) : connect({ host, port });
      sockets.push(socket);
      return socket;
    },
    login: async () => ['default', password] as const,
    end: () => sockets.forEach((socket) => socket.destroy()),
  };
}

/** As functions have it, of a Redis that is down: nothing listens at its address. */
export const downRedis = (): Redis => redisBehind(doorTo({ host: '127.0.0.1', port: 1, password: '' }));
