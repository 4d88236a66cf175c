import { Redis } from 'ioredis';
import { accessCache, entryKey } from '../../lambdas/shared/access/cache';
import type { Entry } from '../../lambdas/shared/access/entry';
import { judgeTogether } from '../../lambdas/shared/access/judge-together';
import { setOfRole } from '../../lambdas/shared/access/permissions';
import { BoundedMap } from '../../lambdas/shared/bounded-map';
import { announce } from '../../lambdas/shared/graph/artifact';
import { DEFAULT_GRAPH_SETTINGS, GRAPH } from '../../lambdas/shared/graph/settings';
import { DEFAULT_LIMITS } from '../../lambdas/shared/limits/defaults';
import { settingsOf } from '../../lambdas/shared/limits/settings';
import { copySettings } from '../../lambdas/shared/settings/stored-settings';
import { commandsOn } from '../../test/support/commands';
import { CACHE, CREDENTIALS, type startStores, USER } from '../stores';
import { CALLER } from './event';
import { SUBGRAPHS, type Urls } from './shop';

type Stores = Awaited<ReturnType<typeof startStores>>;

/** The most that a plan can give, so that nothing is refused. */
const WIDE = { ratePerSecond: 10_000, burst: 100_000, perMinute: 100_000_000 };
const PLAN = { principal: WIDE, organisation: { ...WIDE, concurrency: 100_000 } };
const LIMITS = { ...DEFAULT_LIMITS, plans: { ...DEFAULT_LIMITS.plans, enterprise: PLAN } };
const ENTRY: Entry = {
  roles: ['viewer'],
  permissions: [...setOfRole('viewer')],
  grants: [],
  plan: 'enterprise',
  organisationPlan: 'enterprise',
  ranges: [],
  revokedTokens: [],
  loadedAtSeconds: 0,
};

/**
 * The environment that our function is deployed with. Where it finds its supergraph and its subgraphs, and what else it
 * needs, is said here and in `laySupergraph` alone.
 */
export const ourWorld = ({ port, caFile }: Stores, urls: Urls) => ({
  NODE_EXTRA_CA_CERTS: caFile,
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  REDIS_HOST: 'localhost',
  REDIS_PORT: String(port),
  REDIS_USER: USER,
  REDIS_CACHE_NAME: CACHE,
  // Nobody is there: who is known in Redis needs no PostgreSQL.
  DATABASE_HOST: '127.0.0.1',
  DATABASE_PORT: '1',
  DATABASE_NAME: 'gatehouse',
  DATABASE_USER: 'bench',
  CORS_ORIGIN: '*',
  LIMITS: JSON.stringify(LIMITS),
  SUBGRAPH_URLS: JSON.stringify(urls),
  SIGNED_URLS: JSON.stringify(Object.values(urls)),
  PRIVATE_TARGETS: 'on',
  INTROSPECTION: 'off',
  UNAUTHORIZED_FIELDS: 'filter',
  SUBGRAPH_KEY_SECRET: 'nobody asks for it',
  APOLLO_TELEMETRY_DISABLED: '1',
});

export interface Caller {
  /** From now on our guard knows it, and no PostgreSQL is asked. */
  enter(): Promise<void>;
  /** The graph that our function finds in Redis, as the registry announces it. */
  publish(supergraph: string, urls: Urls): Promise<void>;
  /** Its buckets are full again: a turn spends faster than the widest plan refills. */
  refill(): Promise<void>;
  stop(): void;
}

/** The caller as our guard knows it, kept in Redis as if it had been read from PostgreSQL. */
export function knownCaller({ address }: Stores): Caller {
  const { host, port, password = '' } = address;
  const client = new Redis({ host, port, password, enableReadyCheck: false });
  const redis = commandsOn(client);
  const settings = settingsOf(LIMITS, {
    copy: async () => JSON.stringify({ version: 0, settings: LIMITS }),
    stored: async () => ({ version: 0, settings: LIMITS }),
    nowMs: () => performance.now(),
  });
  const memory = new BoundedMap<string, never>(0);
  const judge = judgeTogether({
    cache: accessCache(redis),
    settings,
    memory,
    read: async () => ENTRY,
    nowMs: Date.now,
  });
  return {
    async enter() {
      const { verdict } = await judge(CALLER, { requestId: 'bench', sourceIp: '192.0.2.1', userAgent: 'bench' }, 0);
      if (verdict !== 'admitted') throw new Error(`the caller is ${verdict}`);
      // It would be read again after some minutes, and this takes longer.
      if ((await client.persist(entryKey(CALLER))) !== 1) throw new Error('the caller is not kept');
    },
    async publish(supergraph, urls) {
      await announce(redis, {
        version: 1,
        supergraph,
        subgraphs: SUBGRAPHS.map((name) => ({ name, url: urls[name] })),
      });
      // As an environment finds them that is not the first one for ten minutes.
      await copySettings(redis, GRAPH, { version: 0, settings: DEFAULT_GRAPH_SETTINGS });
    },
    async refill() {
      const meters = await client.keys('gatehouse:*:meter*');
      if (meters.length > 0) await client.del(meters);
    },
    stop: () => client.disconnect(),
  };
}
