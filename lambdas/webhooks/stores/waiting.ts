import { createHash } from 'node:crypto';
import type { Waiting } from './log';

/** Over how many partitions of the index what has a time is spread: each takes about 1,000 writes a second. */
export const DUE_SHARDS = 4;

const waitingAt =
  (state: string) =>
  (organisation: string, endpoint: string, event: string): Waiting => ({
    place: placeOf(state, organisation, endpoint),
    at: event,
  });

/** Where the deliveries of an endpoint are found that wait in this state. */
export const placeOf = (state: string, organisation: string, endpoint: string): string =>
  `${state}#${organisation}#${endpoint}`;

export const heldAt = waitingAt('held');
export const parkedAt = waitingAt('parked');
export const deadAt = waitingAt('dead');

const shardOf = (name: string): number => (createHash('sha256').update(name).digest()[0] ?? 0) % DUE_SHARDS;

export const duePlace = (shard: number): string => `due#${shard}`;

/** Due at a time, as it is written: times sort as they are. */
export const dueWhen = (name: string, at: string): Waiting => ({ place: duePlace(shardOf(name)), at });
export const dueAt = (name: string, atMs: number): Waiting => dueWhen(name, new Date(atMs).toISOString());
