import { type Data, isObject, SHARED } from './run';

/*
 * One entity may stand at many places of a response. It is fetched once, and its nested objects are then shared by those
 * places: marked, so that the response's writer writes them once, and so that merging into one place leaves the others alone.
 */

/** Marks what is below an answer's entity as part of several places. */
export function share(entity: Data): void {
  for (const key in entity) mark(entity[key]);
}

function mark(value: unknown): void {
  if (Array.isArray(value)) {
    for (const element of value) mark(element);
  } else if (isObject(value) && !value[SHARED]) {
    value[SHARED] = true;
    for (const key in value) mark(value[key]);
  }
}

/** Merges a subgraph's answer into what others have answered: objects into objects, lists of one length by position. */
export function merge(target: Data, source: Data): void {
  for (const key in source) {
    const value = source[key];
    // Assigned, `__proto__` would be a prototype and no value.
    if (value !== undefined && key !== '__proto__') target[key] = merged(target[key], value);
  }
}

/** What stands at a place that held `old` when `fresh` comes in. */
function merged(old: unknown, fresh: unknown): unknown {
  if (typeof old !== 'object' || typeof fresh !== 'object' || old === null || fresh === null || old === fresh)
    return fresh;
  if (Array.isArray(old)) {
    if (!Array.isArray(fresh) || fresh.length !== old.length) return fresh;
    // A list of objects may be shared by several places.
    return old.map((element, index) => merged(element, fresh[index]));
  }
  if (!isObject(old) || !isObject(fresh)) return fresh;
  const mine = old[SHARED] ? shallowCopy(old) : old;
  merge(mine, fresh);
  return mine;
}

/** Without its marks. */
function shallowCopy(object: Data): Data {
  const copy: Data = {};
  for (const key in object) copy[key] = object[key];
  return copy;
}

/** A copy that shares nothing. */
export function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (!isObject(value)) return value;
  const copy: Data = {};
  for (const key in value) if (key !== '__proto__') copy[key] = copyOf(value[key]);
  return copy;
}
