import * as z from 'zod/mini';
import { access } from '../access/access';
import { type AccessCache, accessCache, withAccessCommands } from '../access/cache';
import { type Changes, changes } from '../access/change';
import { fromJson } from '../json';
import { addressGuard, defineAddress } from '../limits/addresses';
import { LimitSettings } from '../limits/plans';
import { LIMITS, type Settings, settingsOf } from '../limits/settings';
import { settingsSource } from '../settings/stored-settings';
import { type OpenPool, openPostgres, type PostgresAddress, postgresEnv } from '../stores/postgres';
import { openRedis, type RedisAddress, redisEnv } from '../stores/redis';
import { type RedisLine, type RunCommand, redisLine } from '../stores/redis-line';
import { type ServeOptions, serveEnv } from './serve';

/** What a function that serves guarded routes reads from its environment. */
export const gateEnv = { ...serveEnv, ...postgresEnv, ...redisEnv, LIMITS: z.pipe(fromJson, LimitSettings) };

interface Gate extends ServeOptions {
  readonly pool: OpenPool;
  readonly changes: Changes;
  readonly cache: AccessCache;
  readonly settings: Settings;
  readonly run: RunCommand;
  readonly line: RedisLine;
}

type GateEnv = PostgresAddress & RedisAddress & { readonly CORS_ORIGIN: string; readonly LIMITS: LimitSettings };

/** The stores behind guarded routes, and what `serve()` needs of them. Nothing connects before it is used. */
export function openGate(env: GateEnv): Gate {
  const pool = openPostgres(env);
  let connection: ReturnType<typeof openRedis> | undefined;
  const redis = () =>
    (connection ??= openRedis(env).then((client) => {
      defineAddress(client);
      return withAccessCommands(client);
    }));
  const line = redisLine(redis);
  const { run } = line;
  const cache = accessCache(run);
  const settings = settingsOf(env.LIMITS, settingsSource(run, pool, LIMITS, env.LIMITS));
  return {
    pool,
    line,
    cache,
    settings,
    run,
    changes: changes(pool, cache),
    corsOrigin: env.CORS_ORIGIN,
    access: access({ cache, settings, pool, nowMs: Date.now }),
    addresses: addressGuard({ run, settings, nowMs: Date.now }),
  };
}
