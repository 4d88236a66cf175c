import * as z from 'zod/mini';
import { access } from '../access/access';
import { type AccessCache, accessCache } from '../access/cache';
import { type Changes, changes } from '../access/change';
import { fromJson } from '../json';
import { addressGuard } from '../limits/addresses';
import { LimitSettings } from '../limits/plans';
import { LIMITS, type Settings, settingsOf } from '../limits/settings';
import { settingsSource } from '../settings/stored-settings';
import { type OpenPool, openPostgres, type PostgresAddress, postgresEnv } from '../stores/postgres';
import { openRedis, type Redis, type RedisAddress, redisEnv } from '../stores/redis';
import { type ServeOptions, serveEnv } from './serve';

/** What a function that serves guarded routes reads from its environment. */
export const gateEnv = { ...serveEnv, ...postgresEnv, ...redisEnv, LIMITS: z.pipe(fromJson, LimitSettings) };

interface Gate extends ServeOptions {
  readonly pool: OpenPool;
  readonly changes: Changes;
  readonly cache: AccessCache;
  readonly settings: Settings;
  readonly redis: Redis;
}

type GateEnv = PostgresAddress & RedisAddress & { readonly CORS_ORIGIN: string; readonly LIMITS: LimitSettings };

/** The stores behind guarded routes, and what `serve()` needs of them. Nothing connects before it is used. */
export function openGate(env: GateEnv): Gate {
  const pool = openPostgres(env);
  const redis = openRedis(env);
  const cache = accessCache(redis);
  const settings = settingsOf(env.LIMITS, settingsSource(redis, pool, LIMITS, env.LIMITS));
  return {
    pool,
    redis,
    cache,
    settings,
    changes: changes(pool, cache),
    corsOrigin: env.CORS_ORIGIN,
    access: access({ cache, settings, pool, nowMs: Date.now }),
    addresses: addressGuard({ redis, settings, nowMs: Date.now }),
  };
}
