import { type EventView, isObject, type JsonObject } from './event-view';
import { type Filter, patternOf } from './filter';
import { all, any, type Test, testOfLeaf } from './leaf';
import type { Field, Fields, Leaf } from './pattern';

/** The filter as one closure: matching reads the fields that the filter names, and allocates nothing. */
export function compileFilter(filter: Filter): (event: EventView) => boolean {
  return compilePattern(patternOf(filter));
}

type OfObject = (value: JsonObject) => boolean;

/** What stands where an object is looked for and there is none: all of its fields are absent. */
const NOTHING: JsonObject = Object.freeze({});

/** Lists within lists are looked into so deep; what is deeper fits nothing, and cannot exhaust the stack. */
export const DEEPEST_LISTS = 16;

export function compilePattern(node: Fields | Leaf): Test {
  if (node.kind === 'leaf') return compileLeaf(testOfLeaf(node));
  const holds = compileObject(node);
  return (value) => {
    if (Array.isArray(value)) return holdsInList(value, holds, node.asksAbsence, DEEPEST_LISTS);
    return holds(isObject(value) ? value : NOTHING);
  };
}

function compileObject({ fields, alternatives }: Fields): OfObject {
  const choice = alternatives.length > 0 ? [any(alternatives.map(compileObject))] : [];
  return all([...fields.map(compileField), ...choice]);
}

function compileField({ key, below }: Field): OfObject {
  const test = compilePattern(below);
  // `constructor` and its like are read from the prototype where the event has no such field.
  if (key in Object.prototype) return (value) => test(Object.hasOwn(value, key) ? value[key] : undefined);
  return (value) => test(value[key]);
}

/** One element must have it all; what asks only for absence must hold in each (docs/webhooks/filters.md). */
function holdsInList(list: readonly unknown[], holds: OfObject, inEach: boolean, deeper: number): boolean {
  if (list.length === 0) return holds(NOTHING);
  if (deeper === 0) return false;
  for (const element of list) {
    const holdsHere = Array.isArray(element)
      ? holdsInList(element, holds, inEach, deeper - 1)
      : holds(isObject(element) ? element : NOTHING);
    if (holdsHere !== inEach) return holdsHere;
  }
  return inEach;
}

/** A leaf is a value that is no object; of a list, any element. Where there is no leaf, the field does not exist. */
function compileLeaf(test: Test): Test {
  const whenAbsent = test(undefined);
  return (value) => {
    if (typeof value !== 'object' || value === null) return test(value);
    if (!Array.isArray(value)) return whenAbsent;
    const found = leafInList(value, test, DEEPEST_LISTS);
    return found === NO_LEAF ? whenAbsent : found === FITS;
  };
}

const NO_LEAF = 0;
const FITS_NOT = 1;
const FITS = 2;

function leafInList(list: readonly unknown[], test: Test, deeper: number): number {
  let found = NO_LEAF;
  for (const element of list) {
    const here = Array.isArray(element) && deeper > 0 ? leafInList(element, test, deeper - 1) : leaf(element, test);
    if (here === FITS) return FITS;
    if (here === FITS_NOT) found = FITS_NOT;
  }
  return found;
}

const leaf = (value: unknown, test: Test): number => {
  if (typeof value === 'object' && value !== null) return NO_LEAF;
  return test(value) ? FITS : FITS_NOT;
};
