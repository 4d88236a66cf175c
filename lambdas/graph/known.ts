import { BoundedMap } from '../shared/bounded-map';
import { documentHash } from '../shared/graph/documents';
import { fromJson } from '../shared/json';
import { RedisAway } from '../shared/stores/breaker';
import type { Commands } from '../shared/stores/redis';
import { logger } from '../shared/telemetry';
import { type Runnable, runnable } from './execute/execute';
import type { Operation } from './execute/operation';
import { isObject } from './execute/run';

/** What is kept changes with the code that reads it: a deployment does not read another one's. */
const FORMAT = 3;
/** Learned anew when nobody has asked for it so long. */
const KEPT_SECONDS = 24 * 60 * 60;
/** A larger one is learned by each environment. */
const MOST_BYTES = 512 * 1024;
const MOST_KNOWN = 1_000;

/** Which operation of which document. */
export interface Asked {
  readonly query: string;
  readonly operationName: string | undefined;
  /** Of the variant that leaves out what these rules guard: their hash. A caller has no say in it. */
  readonly without?: string;
}

/** Operations that have been planned for one version of the graph: here, and in Redis for all environments. */
export interface KnownOperations {
  find(asked: Asked): Promise<Runnable | undefined>;
  keep(asked: Asked, operation: Operation): Promise<Runnable>;
  /** Makes an operation runnable for this once. */
  link(operation: Operation): Runnable;
  /** The document that was sent with this hash: of any version of the graph. */
  document(hash: string): Promise<string | undefined>;
  keepDocument(hash: string, query: string): Promise<void>;
}

// What callers choose stands last, here and in Redis: no name of an operation makes one variant into another.
const nameOf = ({ query, operationName = '', without = '' }: Asked) => `${without}\n${operationName}\n${query}`;

const isPlain = ({ operationName, without }: Asked) => operationName === undefined && without === undefined;

const keyOf = (version: string, { query, operationName = '', without = '' }: Asked) =>
  `graph:${FORMAT}:${version}:${without}:${documentHash(query)}:${operationName}`;

/** Makes it known to all environments. */
export async function storeOperation(redis: Commands, version: string, asked: Asked, operation: Operation) {
  const text = JSON.stringify(operation);
  if (text.length <= MOST_BYTES) await redis.call('SET', keyOf(version, asked), text, 'EX', KEPT_SECONDS);
}

/** Whether it is known, from now on for as long as one that is just stored. */
export const renewOperation = async (redis: Commands, version: string, asked: Asked): Promise<boolean> =>
  (await redis.call('EXPIRE', keyOf(version, asked), KEPT_SECONDS)) === 1;

/** Under which it is noted that the documents of a version of the manifests have been planned for a version of the graph. */
export const plannedKey = (version: string, manifests: number) => `graph:${FORMAT}:${version}:planned:${manifests}`;
/** Before what was planned is forgotten, it is planned again. */
export const PLANNED_SECONDS = KEPT_SECONDS / 2;

export function knownOperations(version: string, redis: Commands): KnownOperations {
  // A document is long: of one whose only operation is asked for, its text is the name.
  const plain = new BoundedMap<string, Runnable>(MOST_KNOWN);
  const others = new BoundedMap<string, Runnable>(MOST_KNOWN);
  const documents = new BoundedMap<string, string>(MOST_KNOWN);
  const remember = (asked: Asked, operation: Operation): Runnable => {
    const linked = runnable(operation);
    if (isPlain(asked)) plain.set(asked.query, linked);
    else others.set(nameOf(asked), linked);
    return linked;
  };
  return {
    async find(asked) {
      const found = isPlain(asked) ? plain.get(asked.query) : others.get(nameOf(asked));
      if (found) return found;
      const text = await quietly(redis.call('GET', keyOf(version, asked)));
      const operation = typeof text === 'string' ? parsed(text) : undefined;
      return operation && remember(asked, operation);
    },

    async keep(asked, operation) {
      await quietly(storeOperation(redis, version, asked, operation));
      return remember(asked, operation);
    },

    link: runnable,

    async document(hash) {
      const text = documents.get(hash) ?? (await quietly(redis.call('GET', documentKey(hash))));
      // What Redis holds is checked as what a caller sends would be.
      if (typeof text !== 'string' || documentHash(text) !== hash) return undefined;
      documents.set(hash, text);
      return text;
    },

    async keepDocument(hash, query) {
      if (documents.get(hash) !== undefined) return;
      documents.set(hash, query);
      await quietly(redis.call('SET', documentKey(hash), query, 'EX', KEPT_SECONDS));
    },
  };
}

const documentKey = (hash: string) => `graph:document:${hash}`;

/** Written by `keep` of this very format; anything else is learned anew. */
function parsed(text: string): Operation | undefined {
  const json = fromJson.safeParse(text).data;
  return isOperation(json) ? json : undefined;
}

const isOperation = (json: unknown): json is Operation =>
  isObject(json) && (json.kind === 'query' || json.kind === 'mutation') && Array.isArray(json.shapes);

/** Without Redis an operation is learned once more, and no caller hears of it. */
export const quietly = <T>(asking: Promise<T>): Promise<T | undefined> =>
  asking.catch((error: unknown) => {
    if (!(error instanceof RedisAway))
      logger.warn('known operations', { error: error instanceof Error ? error : new Error(String(error)) });
    return undefined;
  });
