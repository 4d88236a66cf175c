import { connect, type Socket } from 'node:net';
import { Redis as Client } from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import { accessCache } from '../lambdas/shared/access/cache';
import type { Entry } from '../lambdas/shared/access/entry';
import { judgeTogether, type Remembered } from '../lambdas/shared/access/judge-together';
import { setOfRole } from '../lambdas/shared/access/permissions';
import type { Identity } from '../lambdas/shared/access/principal';
import { BoundedMap } from '../lambdas/shared/bounded-map';
import { addressGuard } from '../lambdas/shared/limits/addresses';
import { DEFAULT_LIMITS } from '../lambdas/shared/limits/defaults';
import { settingsOf } from '../lambdas/shared/limits/settings';
import { type Commands, redisBehind } from '../lambdas/shared/stores/redis';
import { compareLatencies } from './latency';
import { startStores } from './stores';

const ORIGIN = { requestId: 'bench', sourceIp: '192.0.2.1', userAgent: 'bench' };
const identity: Identity = {
  kind: 'user',
  id: '0b7c1f5e-3c0d-4f6a-8d1e-2a9b6c4d5e6f',
  organisation: '3f0c9a52-8a35-4f0e-9d0a-6f0f1f5f7c11',
  session: '5c1d0b52-3f0e-4d8f-9f2b-1a2b3c4d5e6f',
};
const entry: Entry = {
  roles: ['editor'],
  permissions: [...setOfRole('editor')],
  grants: [],
  plan: 'enterprise',
  organisationPlan: 'enterprise',
  ranges: [],
  revokedTokens: [],
  loadedAtSeconds: 0,
};
const WIDE = { ratePerSecond: 10_000, burst: 100_000, perMinute: 100_000_000 };
const PLAN = {
  principal: WIDE,
  organisation: { ...WIDE, concurrency: 100_000, quota: { requests: 1_000_000_000, per: 'month' as const } },
};

const FOUR_CALLS = {
  check: `
local kept = redis.call('MGET', KEYS[1], KEYS[2], KEYS[3])
return kept[3]`,
  bucket: `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local state = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = math.min(100000, (tonumber(state[1]) or 100000) + (now - (tonumber(state[2]) or now)) * 10)
if tokens < 1 then return -1 end
redis.call('HSET', KEYS[1], 'tokens', tokens - 1, 'at', now)
redis.call('PEXPIRE', KEYS[1], 60000)
return tokens - 1`,
  window: `
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('EXPIRE', KEYS[1], 60) end
return count`,
};

/** The same questions one after the other, by the same connection: revoked? bucket, window, quota, of one caller alone. */
function fourCalls({ call }: Commands) {
  const hashes = Promise.all(Object.values(FOUR_CALLS).map((text) => call('SCRIPT', 'LOAD', text)));
  return async () => {
    const [check = '', bucket = '', window = ''] = (await hashes).map(String);
    await call('EVALSHA', check, 3, 'four:{o}:epoch', 'four:{o}:epoch:s', 'four:{o}:entry');
    await call('EVALSHA', bucket, 1, 'four:{o}:bucket');
    await call('EVALSHA', window, 1, 'four:{o}:window');
    await call('EVALSHA', window, 1, 'four:{o}:quota');
  };
}

const SETTINGS = {
  ...DEFAULT_LIMITS,
  plans: { ...DEFAULT_LIMITS.plans, enterprise: PLAN },
  addresses: { ...DEFAULT_LIMITS.addresses, discovery: WIDE },
};

/** What the check of each request asks of Redis, one after the other on one connection. */
export async function guard(): Promise<void> {
  const stores = await startStores();
  const { host, port, password = '' } = stores.address;
  const client = new Client({ host, port, password, enableReadyCheck: false });
  let socket: Socket | undefined;
  // Whoever insists is not sent away when this machine has something else to do for 50 ms.
  const { insist } = redisBehind({
    connect: () => (socket = connect({ host, port })),
    login: async () => ['default', password],
  });
  const redis = { ...insist, insist, isAway: false };
  const settings = settingsOf(SETTINGS, {
    copy: async () => JSON.stringify({ version: 0, settings: SETTINGS }),
    stored: async () => ({ version: 0, settings: SETTINGS }),
    nowMs: () => performance.now(),
  });
  try {
    const judge = (kind: Identity['kind'], keep = true) => {
      const dependencies = { cache: accessCache(redis), settings, read: async () => entry, nowMs: Date.now };
      const memory = new BoundedMap<string, Remembered>(keep ? 10 : 0);
      const ask = judgeTogether({ ...dependencies, memory });
      return async () => {
        const judgement = await ask({ ...identity, kind }, ORIGIN, 1);
        if (judgement.verdict !== 'admitted') throw new Error(judgement.verdict);
        return async () => {
          judgement.leave();
          await redis.call('PING');
        };
      };
    };
    const addresses = addressGuard({ redis, settings, nowMs: Date.now });
    const limiter = new RateLimiterRedis({ storeClient: client, points: 1_000_000_000, duration: 60 });
    const four = 'four calls that ask the same one by one';
    await compareLatencies('May this caller act now, and is it within its limits: one Redis on this machine', [
      { name: 'PING', work: () => redis.call('PING') },
      { name: four, work: fourCalls(redis) },
      { name: 'rate-limiter-flexible: one limit alone', work: () => limiter.consume('caller') },
      {
        name: 'Gatehouse: rights, five limits, requests under way',
        work: judge('user'),
        goal: { of: 'PING', times: 2.5 },
      },
      { name: 'Gatehouse: the same', work: judge('user'), goal: { of: four, times: 0.5 } },
      { name: 'Gatehouse: not met before by this environment', work: judge('user', false) },
      { name: 'Gatehouse: a key, its use counted', work: judge('api_key') },
      { name: 'Gatehouse: an address where nobody signed in', work: () => addresses.admit('discovery', '192.0.2.1') },
    ]);
  } finally {
    client.disconnect();
    socket?.destroy();
    await stores.stop();
  }
}
