import { BoundedMap } from '../shared/bounded-map';
import { documentHash, type Manifests, storedDocument } from '../shared/graph/documents';
import type { LiveSettings } from '../shared/settings/live-settings';
import type { Commands } from '../shared/stores/redis';
import type { Sql } from '../shared/stores/tenancy';
import { quietly } from './known';

/** Only PostgreSQL can say. */
export const UNSURE = Symbol('unsure');

/** Documents that clients have published before they send them. */
export interface TrustedDocuments {
  /** What `find` would say, where that can be said without PostgreSQL: anybody can make up names. */
  glance(name: string): Promise<string | undefined | typeof UNSURE>;
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

  const fromRedis = async (name: string, version: number): Promise<string | typeof UNSURE> => {
    const copy = await quietly(redis.call('GET', keyOf(version, name)));
    return typeof copy === 'string' && isSound(name, copy) ? copy : UNSURE;
  };
  const fromPostgres = async (name: string, version: number): Promise<string> => {
    const stored = (await storedDocument(sql, name)) ?? NONE;
    await quietly(copyDocument(redis, version, name, stored));
    return stored;
  };
  /** The version of the manifests, or nothing where there are none. */
  const inForce = async (): Promise<number | undefined> => {
    const { version, settings } = await manifests.fresh();
    if (kept.version !== version) kept = { version, documents: new BoundedMap(MOST_KEPT) };
    return settings.manifests.length > 0 ? version : undefined;
  };
  const glance = async (name: string, version: number): Promise<string | typeof UNSURE> => {
    const { documents } = kept;
    const found = documents.get(name) ?? (await fromRedis(name, version));
    if (found !== UNSURE) documents.set(name, found);
    return found;
  };
  return {
    async glance(name) {
      const version = await inForce();
      return version === undefined ? undefined : textOf(await glance(name, version));
    },
    async find(name) {
      const version = await inForce();
      if (version === undefined) return undefined;
      const { documents } = kept;
      const glanced = await glance(name, version);
      const found = glanced === UNSURE ? await fromPostgres(name, version) : glanced;
      documents.set(name, found);
      return textOf(found);
    },
  };
}

const textOf = <T>(found: T): T | undefined => (found === NONE ? undefined : found);

/** What Redis holds under a hash is checked as what a caller sends would be. */
const isSound = (name: string, text: string): boolean =>
  text === NONE || !/^[0-9a-f]{64}$/.test(name) || documentHash(text) === name;
