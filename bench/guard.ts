import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { accessCache, withAccessCommands } from '../lambdas/shared/access/cache';
import { type Entry, entryText } from '../lambdas/shared/access/entry';
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
  plan: 'enterprise',
  organisationPlan: 'enterprise',
  ranges: [],
  revokedTokens: [],
  loadedAtSeconds: 0,
};
const WIDE = { ratePerSecond: 10_000, burst: 100_000, perMinute: 100_000_000 };
const limits = {
  principal: WIDE,
  organisation: { ...WIDE, concurrency: 100_000, quota: { requests: 1_000_000_000, per: 'month' as const } },
};

/** What the check of each request asks of Redis, one after the other on one connection. */
export async function guard(): Promise<void> {
  const stores = await startStores();
  const { host, port, password = '' } = stores.address;
  const client = withAccessCommands(new Redis({ host, port, password, enableReadyCheck: false }));
  try {
    const cache = accessCache((command) => command(client));
    const question = (knownEntry: string, usedOn = '') => ({
      callId: randomUUID(),
      cost: 1,
      version: 1,
      knownEntry,
      token: identity.session ?? '',
      addressBits: '',
      usedOn,
      oldestUse: usedOn,
      offered: '',
      keep: false,
    });
    const found = await cache.ask(identity, question(''));
    const text = entryText(entry, { ...found, id: 'entry-1', version: 1, limits });
    await cache.ask(identity, { ...question(''), offered: text, keep: true });
    const ask = async (knownEntry: string, usedOn = '') => {
      const asked = question(knownEntry, usedOn);
      const answer = await cache.ask(identity, asked);
      if (answer.state !== 'admitted') throw new Error(answer.state);
      cache.leave(identity.organisation, asked.callId);
    };
    await compare('May this caller act now, and is it within its limits: one round trip to a Redis on this machine', [
      { name: 'PING', work: () => client.ping() },
      { name: 'Gatehouse: rights, six limits, requests under way', work: () => ask('entry-1') },
      { name: 'Gatehouse: the same, first time in this environment', work: () => ask('') },
      { name: 'Gatehouse: the same for a key, its use counted', work: () => ask('entry-1', '2026-01-01') },
    ]);
  } finally {
    client.disconnect();
    await stores.stop();
  }
}
