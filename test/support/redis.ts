import { rmSync } from 'node:fs';
import { Redis } from 'ioredis';
import { withAccessCommands } from '../../lambdas/shared/access/cache';
import { defineAddress, type RunCommand } from '../../lambdas/shared/limits/addresses';
import { redisLine } from '../../lambdas/shared/limits/redis-line';
import { startRedis as startServer } from '../../local/stores/redis';
import { watcher } from '../local/support';
import { temporaryFolder } from './temporary-folder';

export interface TestRedis {
  readonly client: Redis;
  /** Commands as functions send them, without a deadline. */
  readonly run: RunCommand;
  stop(): Promise<void>;
}

/** An empty Redis of its own on a free loopback port. */
export async function startRedis(): Promise<TestRedis> {
  const folder = temporaryFolder('gatehouse-redis-');
  const { address, stop } = await startServer({ folder, watcher, onCrash: () => undefined });
  const { host, port, password = '' } = address;
  const client = new Redis({ host, port, password, enableReadyCheck: false });
  return {
    client,
    run: runOn(client),
    async stop() {
      client.disconnect();
      await stop();
      rmSync(folder, { recursive: true });
    },
  };
}

/** A client of a Redis that is down: nothing listens at its address. */
export function downRedis(): Redis {
  const client = new Redis({ host: '127.0.0.1', port: 1, lazyConnect: true, retryStrategy: () => null });
  return client.on('error', () => undefined);
}

/** A client with the scripts that functions send, and nothing between it and them. */
export function runOn(client: Redis): RunCommand {
  defineAddress(client);
  withAccessCommands(client);
  return (command) => command(client);
}

/** Commands to a Redis that is down, through the breaker that functions have. */
export const runDown = (): RunCommand => redisLine(async () => downRedis()).run;
