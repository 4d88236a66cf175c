import { bucketOf, LocalBuckets, shareOf } from '../limits/local-buckets';
import { type Limit, limitsOf } from '../limits/plans';
import type { Settings } from '../limits/settings';
import { leastOf, type Policy } from '../limits/standing';
import type { Origin } from '../stores/audit';
import { countDegraded } from '../telemetry';
import { entryKey } from './cache';
import type { Entry } from './entry';
import type { Judge, Memory, ReadEntry } from './judge-together';
import { type Identity, subjectOf } from './principal';

/*
 * What one environment does while Redis does not answer. Rights come from PostgreSQL, which is the truth, asked at most
 * once in a while for each caller; when that is away too, they are what was last known, for minutes. Limits are counted
 * here alone, and let a share of the plan through: never all, never nothing.
 */

interface AloneDeps {
  readonly settings: Settings;
  readonly memory: Memory;
  readonly read: ReadEntry;
  nowMs(): number;
}

/** Redis spares PostgreSQL most questions: without it, each caller costs one in this time. No right outlives it. */
const TRUST_MS = 2_000;
/** With no store at all: a key that was seen within this time, a token that was, within the longest life of one. */
const KEY_LASTS_MS = 300_000;
const TOKEN_LASTS_MS = 900_000;
const MOST_BUCKETS = 10_000;

const NOTHING = (): void => undefined;

export function judgeAlone({ settings, memory, read, nowMs }: AloneDeps): Judge {
  const buckets = new LocalBuckets(MOST_BUCKETS, nowMs);
  const reading = new Map<string, Promise<Entry>>();

  const readOnce = (key: string, identity: Identity, origin: Origin): Promise<Entry> => {
    const asked = reading.get(key) ?? read(identity, origin).finally(() => reading.delete(key));
    reading.set(key, asked);
    return asked;
  };

  const entryFor = async (identity: Identity, origin: Origin): Promise<Entry> => {
    const key = entryKey(identity);
    const known = memory.get(key);
    const age = known ? nowMs() - known.seenAtMs : Number.POSITIVE_INFINITY;
    if (known && age < TRUST_MS) return known.entry;
    try {
      const entry = await readOnce(key, identity, origin);
      // Without an id: when Redis is back, what it has is asked for whole.
      memory.set(key, { id: '', entry, limits: limitsOf(settings.current().settings, entry), seenAtMs: nowMs() });
      return entry;
    } catch (error) {
      if (known && age < (identity.kind === 'user' ? TOKEN_LASTS_MS : KEY_LASTS_MS)) return known.entry;
      throw error;
    }
  };

  return async (identity, origin, cost) => {
    countDegraded();
    const entry = await entryFor(identity, origin);
    if (entry.refused !== undefined) return { verdict: 'held', entry };
    const current = settings.current().settings;
    const limits = limitsOf(current, entry);
    const share = (limit: Limit) => shareOf(bucketOf(limit), current.degradedShare);
    const mine = { key: `${identity.organisation} ${subjectOf(identity)}`, bucket: share(limits.principal) };
    const ours = { key: identity.organisation, bucket: share(limits.organisation) };
    const isOver = [mine, ours].some(({ key, bucket }) => buckets.peek(key, bucket, cost).waitMs > 0);
    const policies = [mine, ours].map(({ key, bucket }, index): Policy => {
      const { waitMs, left, resetMs } = isOver ? buckets.peek(key, bucket, cost) : buckets.take(key, bucket, cost);
      return {
        kind: 'burst',
        name: 'burst',
        scope: index === 0 ? identity.kind : 'organisation',
        limit: bucket.burst,
        left,
        resetSeconds: Math.ceil((isOver ? waitMs : resetMs) / 1000),
        windowSeconds: Math.ceil(bucket.burst / bucket.ratePerSecond),
      };
    });
    const binding = isOver ? policies.reduce((a, b) => (b.resetSeconds > a.resetSeconds ? b : a)) : leastOf(policies);
    return {
      verdict: isOver ? 'limited' : 'admitted',
      entry,
      limits: { policies, binding, degraded: true },
      leave: NOTHING,
    };
  };
}
