import { type Flaw, flaw, type Place, within } from '../place';
import { EVENT_FIELDS, isObject } from './event-view';
import { readMatcher } from './matchers';
import type { Field, Fields, Leaf } from './pattern';

export const OR = '$or';
/** Of fields within fields, and of `$or` within `$or`: what reads a pattern, and what matches, calls itself so often. */
export const DEEPEST_PATTERN = 12;

/** Reads a pattern; with flaws, what was read is not whole. */
export function readPattern(pattern: unknown): { readonly fields: Fields; readonly flaws: readonly Flaw[] } {
  const flaws: Flaw[] = [];
  return { fields: readFields(pattern, { path: [], flaws }, isEventField), flaws };
}

/** What a field may be called here, or what to say of it. */
type Naming = (key: string) => string | undefined;
const isEventField: Naming = (key) =>
  EVENT_FIELDS.has(key) ? undefined : `is no field of an event, which has ${[...EVENT_FIELDS].join(', ')}`;
const anyName: Naming = () => undefined;

const NOTHING: Fields = { kind: 'fields', fields: [], alternatives: [], asksAbsence: false };

function readFields(pattern: unknown, at: Place, naming: Naming): Fields {
  if (!isObject(pattern) || Object.keys(pattern).length === 0) {
    flaw(at, 'must be an object that names at least one field');
    return NOTHING;
  }
  if (at.path.length > DEEPEST_PATTERN) {
    flaw(at, `is deeper than ${DEEPEST_PATTERN} levels`);
    return NOTHING;
  }
  const alternatives = Object.hasOwn(pattern, OR) ? readAlternatives(pattern[OR], within(at, OR), naming) : [];
  const keys = Object.keys(pattern).filter((key) => key !== OR);
  const fields = keys.map((key) => readField(key, pattern[key], within(at, key), naming));
  const asksAbsence =
    fields.every(({ below }) => asksOnlyAbsence(below)) && alternatives.every((each) => each.asksAbsence);
  return { kind: 'fields', fields, alternatives, asksAbsence };
}

function readAlternatives(given: unknown, at: Place, naming: Naming): Fields[] {
  if (Array.isArray(given) && given.length >= 2)
    return given.map((each: unknown, index) => readFields(each, within(at, index), naming));
  flaw(at, 'must be a list of at least two patterns');
  return [];
}

function readField(key: string, given: unknown, at: Place, naming: Naming): Field {
  const fault = naming(key);
  if (fault !== undefined) flaw(at, fault);
  return { key, below: Array.isArray(given) ? readLeaf(given, at) : readFields(given, at, anyName) };
}

function readLeaf(given: readonly unknown[], at: Place): Leaf {
  if (given.length === 0) flaw(at, 'must hold at least one value');
  const matchers = given.map((each, index) => readMatcher(each, within(at, index)));
  return { kind: 'leaf', matchers: matchers.filter((matcher) => matcher !== undefined) };
}

const asksOnlyAbsence = (below: Fields | Leaf) =>
  below.kind === 'fields'
    ? below.asksAbsence
    : below.matchers.every((matcher) => matcher.kind === 'exists' && !matcher.wanted);
