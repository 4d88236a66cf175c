import { Redis } from 'ioredis';
import { type RedisAddress, redisToken } from './redis-address';

export { type RedisAddress, redisEnv } from './redis-address';

const CONNECT_TIMEOUT_MS = 1_000;
const COMMAND_TIMEOUT_MS = 1_000;
const LONGEST_PAUSE_MS = 1_000;

/** A connection to Valkey over TLS, signed in with an IAM token. Connect it, or send by a `RedisLine`, which does. */
export async function openRedis(address: RedisAddress): Promise<Redis> {
  const { REDIS_HOST, REDIS_PORT, REDIS_USER } = address;
  const token = () => redisToken(address);
  const redis = new Redis({
    host: REDIS_HOST,
    port: REDIS_PORT,
    username: REDIS_USER,
    password: await token(),
    tls: {},
    lazyConnect: true,
    enableReadyCheck: false,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
    // What is sent while there is no connection would be carried out, and counted, long after its caller was answered.
    enableOfflineQueue: false,
    // Once more, where the connection was closed while Lambda had this environment frozen.
    maxRetriesPerRequest: 1,
    retryStrategy: (attempt) => {
      // A token is good for 15 minutes and a connection for hours: the next sign-in, after this pause, has a fresh one.
      void token().then((password) => Object.assign(redis.options, { password }));
      return attempt === 1 ? 1 : Math.min(attempt * 50, LONGEST_PAUSE_MS);
    },
  });
  // Commands report their own failure; without a listener ioredis would write each lost connection to the console.
  redis.on('error', () => undefined);
  return redis;
}
