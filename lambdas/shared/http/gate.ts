import { access } from '../access/access';
import { type AccessCache, accessCache } from '../access/cache';
import { type Changes, changes } from '../access/change';
import { type OpenPool, openPostgres, type PostgresAddress, postgresEnv } from '../stores/postgres';
import { openRedis, type RedisAddress, redisEnv } from '../stores/redis';
import { type ServeOptions, serveEnv } from './serve';

/** What a function that serves guarded routes reads from its environment. */
export const gateEnv = { ...serveEnv, ...postgresEnv, ...redisEnv };

interface Gate extends ServeOptions {
  readonly pool: OpenPool;
  readonly changes: Changes;
  readonly cache: AccessCache;
  readonly redis: () => ReturnType<typeof openRedis>;
}

/** The stores behind guarded routes, and what `serve()` needs of them. Nothing connects before it is used. */
export function openGate(env: PostgresAddress & RedisAddress & { readonly CORS_ORIGIN: string }): Gate {
  const pool = openPostgres(env);
  let connection: ReturnType<typeof openRedis> | undefined;
  const redis = () => (connection ??= openRedis(env));
  const cache = accessCache(redis);
  return {
    pool,
    redis,
    cache,
    changes: changes(pool, cache),
    corsOrigin: env.CORS_ORIGIN,
    access: access({ cache, pool, nowSeconds: () => Math.floor(Date.now() / 1000) }),
  };
}
