import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loopbackCertificate } from '../local/doors/certificate';
import { startRedisDoor } from '../local/doors/redis';
import { startRedis } from '../local/stores/redis';

export const USER = 'bench';
export const CACHE = 'bench';
export const CREDENTIALS = { accessKeyId: 'AKIABENCH', secretAccessKey: 'secret-of-the-bench' };

const watcher = { watch: () => undefined, forget: () => undefined };
const onCrash = (error: Error) => {
  throw error;
};

/** A Redis of its own, and the door before it that takes TLS and IAM tokens as ElastiCache does. */
export async function startStores() {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  const [redis, certificate] = await Promise.all([
    startRedis({ folder: join(folder, 'redis'), watcher, onCrash }),
    loopbackCertificate(join(folder, 'tls')),
  ]);
  const caller = {
    principal: 'bench',
    statements: [{ Effect: 'Allow' as const, Action: '*', Resource: '*' }],
    secretAccessKey: CREDENTIALS.secretAccessKey,
  };
  const door = await startRedisDoor({
    callerOf: () => caller,
    onDenied: () => undefined,
    now: Date.now,
    certificate,
    upstream: redis.address,
    cacheName: CACHE,
  });
  return {
    address: redis.address,
    port: door.port,
    caFile: certificate.caFile,
    async stop() {
      await door.stop();
      await redis.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
