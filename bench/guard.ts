import { Redis } from 'ioredis';
import { accessCache } from '../lambdas/shared/access/cache';
import type { Entry } from '../lambdas/shared/access/entry';
import { setOfRole } from '../lambdas/shared/access/permissions';
import type { Identity } from '../lambdas/shared/access/principal';
import { compare } from './measure';
import { startStores } from './stores';

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
  plan: 'free',
  ranges: [],
  revokedTokens: [],
  loadedAtSeconds: 0,
};

/** What the check of each request asks of Redis, one after the other on one connection. */
export async function guard(): Promise<void> {
  const stores = await startStores();
  const { host, port, password = '' } = stores.address;
  const client = new Redis({ host, port, password, enableReadyCheck: false });
  try {
    const cache = accessCache(async () => client);
    await cache.store(identity, entry, await cache.find(identity, undefined));
    await compare('May this caller act now: one round trip to a Redis on this machine', [
      { name: 'PING', work: () => client.ping() },
      { name: 'Gatehouse: epochs, rights and changes under way', work: () => cache.find(identity, undefined) },
      { name: 'Gatehouse: the same for a key, its use counted', work: () => cache.find(identity, '2026-01-01') },
    ]);
  } finally {
    client.disconnect();
    await stores.stop();
  }
}
