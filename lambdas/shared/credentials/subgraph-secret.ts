import { JWKS_MAX_AGE_SECONDS, LEEWAY_SECONDS } from './lifetimes';

/*
 * What the keys are made of that sign principals for subgraphs: words, as the secret's text holds them. The first one signs.
 * The second is published before it does, the third after it did: who caches our keys knows every one that signs.
 */

export const wordsOf = (text: string): readonly string[] => text.split(' ').filter((word) => word !== '');

/** The graph reads the secret again after this time. */
export const SUBGRAPH_KEY_FRESH_SECONDS = 300;
/** So long after it is published a key may sign: all environments publish it by then, and who caches our keys has asked again. */
export const PUBLISHED_BEFORE_SECONDS = SUBGRAPH_KEY_FRESH_SECONDS + JWKS_MAX_AGE_SECONDS + LEEWAY_SECONDS;

/**
 * One turn. The first one of a deployment only publishes the next key: nobody knows it yet.
 * @throws when the turn before is so short ago that somebody may not know the next key yet
 */
export function turned(text: string, fresh: string, secondsSinceTurn: number): string {
  const [current = fresh, next] = wordsOf(text);
  const waitSeconds = Math.ceil(PUBLISHED_BEFORE_SECONDS - secondsSinceTurn);
  if (next !== undefined && waitSeconds > 0) throw new Error(`rotate again in ${waitSeconds} s`);
  return (next === undefined ? [current, fresh] : [next, fresh, current]).join(' ');
}
