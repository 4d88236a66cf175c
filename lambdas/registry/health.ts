import * as z from 'zod/mini';
import { fromJson } from '../shared/json';
import type { Redis } from '../shared/stores/redis';

/*
 * What the checks have found out of each subgraph. It stands in Redis alone, in one hash: a field for each subgraph. Lost,
 * it is known again a minute later.
 */

const State = z.enum(['up', 'down']);
const Check = z.object({
  at: z.string(),
  state: State,
  /** `null` where there was no answer. */
  latencyMs: z.nullable(z.int()),
});
export type Check = z.output<typeof Check>;

export const Health = z.object({
  state: State,
  /** Since when it is so. */
  sinceAt: z.string(),
  /** Of the last check, as `checkedAt` is. */
  latencyMs: z.nullable(z.int()),
  checkedAt: z.string(),
  /** One a minute, the newest first. */
  history: z.array(Check),
});

const Kept = z.object({ ...Health.shape, url: z.string() });
export type Kept = z.output<typeof Kept>;

const KEY = 'gatehouse:graph:health';
const KEPT_SECONDS = 86_400;
const MOST_CHECKS = 60;

/** What is known after one more check; of another address nothing was known. */
export function after(known: Kept | undefined, url: string, check: Check): Kept {
  const before = known?.url === url ? known : undefined;
  return {
    url,
    state: check.state,
    sinceAt: before?.state === check.state ? before.sinceAt : check.at,
    latencyMs: check.latencyMs,
    checkedAt: check.at,
    history: [check, ...(before?.history ?? [])].slice(0, MOST_CHECKS),
  };
}

type Known = ReadonlyMap<string, Kept>;

const AllKept = z.pipe(fromJson, z.record(z.string(), Kept));

/** Of all subgraphs that were checked. */
export async function knownHealth(redis: Redis): Promise<Known> {
  const { data } = AllKept.safeParse(await redis.insist.call('GET', KEY));
  return new Map(Object.entries(data ?? {}));
}

/** Keeps what is known now; who is not in the graph any more is forgotten. There is one check at a time. */
export async function keepHealth(redis: Redis, now: Known): Promise<void> {
  await redis.insist.call('SET', KEY, JSON.stringify(Object.fromEntries(now)), 'EX', KEPT_SECONDS);
}

interface Placed {
  readonly name: string;
  readonly url: string;
}

/** These subgraphs with what is known of them: nothing where none was checked at this address, or Redis is away. */
export async function withHealth<T extends Placed>(redis: Redis, subgraphs: readonly T[]) {
  const known = await knownHealth(redis).catch((): Known => new Map());
  return subgraphs.map((subgraph) => {
    const kept = known.get(subgraph.name);
    return { ...subgraph, health: kept?.url === subgraph.url ? kept : null };
  });
}
