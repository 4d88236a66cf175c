import { BoundedMap } from '../shared/bounded-map';
import { documentHash, type Manifests, storedDocument } from '../shared/graph/documents';
import type { LiveSettings } from '../shared/settings/live-settings';
import type { Commands } from '../shared/stores/redis';
import type { Sql } from '../shared/stores/tenancy';
import { quietly } from './known';

/** Documents that clients have published before they send them. */
export interface TrustedDocuments {
  /** The text of one, by its id or its SHA-256 in hex. Rejects where neither store can say. */
  find(name: string): Promise<string | undefined>;
}

interface Deps {
  readonly redis: Commands;
  readonly sql: Sql;
  readonly manifests: Pick<LiveSettings<Manifests>, 'fresh'>;
}

const MOST_KEPT = 1_000;
const KEPT_SECONDS = 24 * 60 * 60;
/** Names that nobody has published are kept shorter: anybody can make them up. */
const UNKNOWN_SECONDS = 60;
/** In place of a text: PostgreSQL has none. */
const NONE = '';

const keyOf = (version: number, name: string) => `graph:trusted:${version}:${name}`;

/** Lets all environments find a document by this name without PostgreSQL. */
export const copyDocument = (redis: Commands, version: number, name: string, text: string) =>
  redis.call('SET', keyOf(version, name), text, 'EX', text === NONE ? UNKNOWN_SECONDS : KEPT_SECONDS);

/** What is kept belongs to one version of the manifests: with the next one it is asked again. */
export function trustedDocuments({ redis, sql, manifests }: Deps): TrustedDocuments {
  let kept = { version: 0, documents: new BoundedMap<string, string>(MOST_KEPT) };

  const fromStores = async (name: string, version: number): Promise<string> => {
    const copy = await quietly(redis.call('GET', keyOf(version, name)));
    if (typeof copy === 'string' && isSound(name, copy)) return copy;
    const stored = (await storedDocument(sql, name)) ?? NONE;
    await quietly(copyDocument(redis, version, name, stored));
    return stored;
  };
  return {
    async find(name) {
      const { version, settings } = await manifests.fresh();
      if (settings.manifests.length === 0) return undefined;
      if (kept.version !== version) kept = { version, documents: new BoundedMap(MOST_KEPT) };
      const { documents } = kept;
      const found = documents.get(name) ?? (await fromStores(name, version));
      documents.set(name, found);
      return found === NONE ? undefined : found;
    },
  };
}

/** What Redis holds under a hash is checked as what a caller sends would be. */
const isSound = (name: string, text: string): boolean =>
  text === NONE || !/^[0-9a-f]{64}$/.test(name) || documentHash(text) === name;
