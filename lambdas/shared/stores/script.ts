import { createHash } from 'node:crypto';
import type { Commands } from './redis';

/** Runs a script where the data is, as one command: nothing comes in between. All its keys are of one hash slot. */
export type Script = (
  redis: Commands,
  keys: readonly string[],
  values: readonly (string | number)[],
) => Promise<unknown>;

/** A script that is sent by its hash, and as text to a server that does not know it. */
export function script(lua: string): Script {
  const hash = createHash('sha1').update(lua).digest('hex');
  return async (redis, keys, values) => {
    try {
      return await redis.call('EVALSHA', hash, keys.length, ...keys, ...values);
    } catch (error) {
      // Nothing has been carried out, and the text is known from then on.
      if (isUnknownScript(error)) return redis.call('EVAL', lua, keys.length, ...keys, ...values);
      throw error;
    }
  };
}

export const isUnknownScript = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith('NOSCRIPT');
