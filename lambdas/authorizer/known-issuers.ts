import type { KeyObject } from 'node:crypto';
import { BoundedMap } from '../shared/bounded-map';
import type { IssuerRecord } from '../shared/credentials/issuer';
import { importKey } from '../shared/credentials/jwk';
import { logLine } from '../shared/log-line';

export interface IssuerSource {
  read(id: string): Promise<IssuerRecord | undefined>;
  /** Fetches the keys from the issuer and tells other environments; nothing where another one is about it. */
  refetch(id: string, record: IssuerRecord): Promise<IssuerRecord | undefined>;
  nowMs(): number;
}

/** An issuer as this environment knows it. */
export interface KnownIssuer {
  readonly record: IssuerRecord;
  readonly keys: ReadonlyMap<string, KeyObject>;
}

/** Settings and keys are read again after this time. */
const STALE_MS = 60_000;
/** For a key that is not known they are read again after this time: another environment may have fetched it. */
const READ_AGAIN_MS = 1_000;
/** The issuer itself is asked at most this often, by one environment and by all of them (authorizer.handler.ts). */
export const FETCH_AGAIN_SECONDS = 30;
/** A token waits no longer than this for the issuer. */
const LONGEST_WAIT_MS = 2_500;
/** What nobody trusts is not looked for again for this time. */
const UNKNOWN_MS = 30_000;
/** However many issuers callers invent, so many lookups a second; those known here cost none. */
const LOOKUPS_PER_SECOND = 10;
const MOST_KNOWN = 500;
const MOST_UNKNOWN = 2_000;

/** What is kept of an issuer between requests. */
interface Kept {
  known: KnownIssuer;
  readAtMs: number;
  askedAtMs: number;
  reading: Promise<void> | undefined;
  fetching: Promise<void> | undefined;
}

export function knownIssuers(source: IssuerSource) {
  const kept = new BoundedMap<string, Kept>(MOST_KNOWN);
  const unknownUntil = new BoundedMap<string, number>(MOST_UNKNOWN);
  const mayLookUp = budget(LOOKUPS_PER_SECOND, () => source.nowMs());
  const lookingUp = new Map<string, Promise<KnownIssuer | undefined>>();

  /** Concurrent callers of one issuer share one lookup. */
  const lookUp = (id: string): Promise<KnownIssuer | undefined> => {
    const looking = lookingUp.get(id) ?? lookUpNow(id).finally(() => lookingUp.delete(id));
    lookingUp.set(id, looking);
    return looking;
  };

  const lookUpNow = async (id: string): Promise<KnownIssuer | undefined> => {
    const now = source.nowMs();
    if ((unknownUntil.get(id) ?? 0) > now || !mayLookUp()) return undefined;
    const record = await source.read(id);
    if (!isGood(record, now)) {
      unknownUntil.set(id, now + UNKNOWN_MS);
      return undefined;
    }
    const known = knownOf(record);
    kept.set(id, {
      known,
      readAtMs: now,
      askedAtMs: Number.NEGATIVE_INFINITY,
      reading: undefined,
      fetching: undefined,
    });
    return known;
  };

  /** A store that does not answer costs nothing: what is known here goes on. */
  const readAgain = (id: string, issuer: Kept): Promise<void> => (issuer.reading ??= read(id, issuer));
  const read = async (id: string, issuer: Kept): Promise<void> => {
    try {
      const record = await source.read(id);
      if (isGood(record, source.nowMs())) issuer.known = knownOf(record);
      else kept.delete(id);
    } catch (error) {
      logLine('WARN', 'issuer not read again', { issuer: nameOf(issuer), error });
    }
    issuer.readAtMs = source.nowMs();
    issuer.reading = undefined;
  };

  const fetchAgain = async (id: string, issuer: Kept): Promise<void> => {
    issuer.askedAtMs = source.nowMs();
    try {
      const record = await source.refetch(id, issuer.known.record);
      if (record) issuer.known = knownOf(record);
    } catch (error) {
      logLine('WARN', 'keys not fetched', { issuer: nameOf(issuer), error });
    }
    issuer.fetching = undefined;
  };

  return {
    /** The issuer of this record id; nothing when nobody trusts it. Rejects when no store answers for one not known here. */
    async find(id: string): Promise<KnownIssuer | undefined> {
      const issuer = kept.get(id);
      if (!issuer) return lookUp(id);
      if (source.nowMs() - issuer.readAtMs >= STALE_MS) await readAgain(id, issuer);
      return kept.get(id)?.known;
    },

    /** The issuer once more, for a token that names a key which is not known here. Never rejects. */
    async learn(id: string, kid: string): Promise<KnownIssuer | undefined> {
      const issuer = kept.get(id);
      if (!issuer) return undefined;
      if (source.nowMs() - issuer.readAtMs >= READ_AGAIN_MS) await readAgain(id, issuer);
      if (issuer.known.keys.has(kid)) return issuer.known;
      if (source.nowMs() - issuer.askedAtMs >= FETCH_AGAIN_SECONDS * 1000) issuer.fetching = fetchAgain(id, issuer);
      if (issuer.fetching) await atMost(issuer.fetching, LONGEST_WAIT_MS);
      return issuer.known;
    },
  };
}
export type KnownIssuers = ReturnType<typeof knownIssuers>;

const nameOf = ({ known }: Kept) => known.record.settings.issuer;

const isGood = (record: IssuerRecord | undefined, nowMs: number): record is IssuerRecord =>
  record !== undefined && record.expiresAtSeconds * 1000 > nowMs;

function knownOf(record: IssuerRecord): KnownIssuer {
  const keys = new Map<string, KeyObject>();
  for (const jwk of record.keys) {
    const key = importKey(jwk, record.settings.algorithm);
    if (typeof key !== 'string') keys.set(jwk.kid, key);
  }
  return { record, keys };
}

/** Says yes at most `perSecond` times a second, and that often at once. */
function budget(perSecond: number, nowMs: () => number): () => boolean {
  let left = perSecond;
  let at = nowMs();
  return () => {
    const now = nowMs();
    left = Math.min(perSecond, left + ((now - at) / 1000) * perSecond);
    at = now;
    if (left < 1) return false;
    left -= 1;
    return true;
  };
}

async function atMost(work: Promise<void>, milliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([work, over]);
  clearTimeout(timer);
}
