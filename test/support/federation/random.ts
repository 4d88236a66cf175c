/** A source of chance that gives the same draws for the same seed, on every machine. */
export interface Random {
  /** A whole number from `from` to `to`, both included. */
  int(from: number, to: number): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
  /** One of the keys, each as often as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K;
  shuffle<T>(items: readonly T[]): T[];
  /** `count` different items, in any order; all of them when there are fewer. */
  subset<T>(items: readonly T[], count: number): T[];
}

/** mulberry32: 32 bits of state are plenty for a test, and a seed is a number that a person can type. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    return mixed(state) / 2 ** 32;
  };
  const int = (from: number, to: number) => from + Math.floor(next() * (to - from + 1));
  const shuffle = <T>(items: readonly T[]) => shuffled(items, int);
  return {
    int,
    chance: (probability) => next() < probability,
    pick: (items) => at(items, int(0, items.length - 1)),
    weighted: (weights) => weighted(weights, next()),
    shuffle,
    subset: (items, count) => shuffle(items).slice(0, count),
  };
}

/** FNV-1a with a finisher: neighbours ("list:1", "list:2") must not share their low bits. */
export function hashOf(...parts: readonly (string | number)[]): number {
  let hash = 0x811c9dc5;
  const text = parts.join('\u0001');
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mixed(hash);
}

/** The item at a place that must exist. */
export function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new Error(`there is no item ${index} among ${items.length}`);
  return item;
}

function mixed(state: number): number {
  let mix = Math.imul(state ^ (state >>> 15), state | 1);
  mix ^= mix + Math.imul(mix ^ (mix >>> 7), mix | 61);
  return (mix ^ (mix >>> 14)) >>> 0;
}

function shuffled<T>(items: readonly T[], int: Random['int']): T[] {
  const left = [...items];
  const drawn: T[] = [];
  while (left.length > 0) drawn.push(...left.splice(int(0, left.length - 1), 1));
  return drawn;
}

function weighted<K extends string>(weights: Readonly<Record<K, number>>, share: number): K {
  const keys = Object.keys(weights).filter((key): key is K => key in weights);
  let left = share * keys.reduce((sum, key) => sum + weights[key], 0);
  return keys.find((key) => (left -= weights[key]) < 0) ?? at(keys, 0);
}
