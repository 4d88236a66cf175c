import * as z from 'zod/mini';
import { fromJson } from '../json';

/** What an operator changes while the platform runs: one row of `gatehouse.settings`, replaced whole. */
export interface Kind<T> {
  /** Of its row; the database knows the names there are. */
  readonly name: 'limits' | 'graph' | 'documents';
  readonly schema: z.ZodMiniType<T>;
}

/** Settings as they are in force. Version 0 is what the stage was deployed with; versions only grow. */
export interface Versioned<T> {
  readonly version: number;
  readonly settings: T;
}

/** The copy in Redis. */
export const copyKey = ({ name }: Pick<Kind<unknown>, 'name'>): string => `gatehouse:settings:${name}`;

export const settingsText = <T>(settings: Versioned<T>): string => JSON.stringify(settings);

/** @returns nothing for a copy that is not there, or not of this release */
export function parsedCopy<T>({ schema }: Kind<T>, copy: unknown): Versioned<T> | undefined {
  return z.pipe(fromJson, z.object({ version: z.int(), settings: schema })).safeParse(copy).data;
}
