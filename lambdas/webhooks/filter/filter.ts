import * as z from 'zod/mini';
import type { Flaw } from '../place';
import type { Fields, Leaf, Matcher } from './pattern';
import { readPattern } from './read';

/** What one filter may hold. A match costs at most its values times the event's. */
export const FILTER_LIMITS = { bytes: 4096, values: 100, stars: 16 } as const;

const field = z.optional(z.unknown());

/**
 * A content filter: an event pattern of Amazon EventBridge over the fields of an event. It is kept and shown as it was
 * sent; docs/webhooks/filters.md says what it may hold.
 */
export const Filter = z
  .strictObject({ type: field, channel: field, version: field, timestamp: field, data: field, $or: field })
  .check(({ value, issues }) => {
    // What is no field of an event is left out of `value`, and told already.
    if (issues.length > 0) return;
    for (const { path, detail } of flawsOf(value))
      issues.push({ code: 'custom', path: [...path], message: detail, input: value });
  });
export type Filter = Readonly<z.output<typeof Filter>>;

function flawsOf(pattern: unknown): readonly Flaw[] {
  const { fields, flaws } = readPattern(pattern);
  if (flaws.length > 0) return flaws.slice(0, MOST_FLAWS);
  const matchers = matchersOf(fields);
  return [
    ...over(sum(matchers, valuesOf), FILTER_LIMITS.values, 'values'),
    ...over(sum(matchers, starsOf), FILTER_LIMITS.stars, 'stars'),
    ...over(Buffer.byteLength(JSON.stringify(pattern)), FILTER_LIMITS.bytes, 'bytes'),
  ];
}

const over = (size: number, most: number, what: string): Flaw[] =>
  size > most ? [{ path: [], detail: `must hold at most ${most} ${what}, not ${size}` }] : [];

/** Enough to mend by: a pattern that is no pattern at all may have as many flaws as characters. */
const MOST_FLAWS = 10;

const matchersOf = (node: Fields | Leaf): readonly Matcher[] =>
  node.kind === 'leaf'
    ? node.matchers
    : [...node.fields.map(({ below }) => below), ...node.alternatives].flatMap(matchersOf);

const sum = (matchers: readonly Matcher[], of: (matcher: Matcher) => number): number =>
  matchers.reduce((total, matcher) => total + of(matcher), 0);

const valuesOf = (matcher: Matcher): number => (matcher.kind === 'none' ? matcher.of.length : 1);

function starsOf(matcher: Matcher): number {
  if (matcher.kind === 'none') return sum(matcher.of, starsOf);
  return matcher.kind === 'wildcard' ? matcher.pieces.length - 1 : 0;
}

/** The filter as it is read. Throws where it has not come through `Filter`. */
export function patternOf(filter: Filter): Fields {
  const { fields, flaws } = readPattern(filter);
  const [first] = flaws;
  if (first) throw new TypeError(`filter.${first.path.map(String).join('.')} ${first.detail}`);
  return fields;
}
