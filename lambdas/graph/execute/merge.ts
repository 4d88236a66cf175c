import { type Data, isObject, SHARED } from './run';

/*
 * One entity may stand at many places of a response. It is fetched once, and the objects that are nested in it are then
 * shared by those places. What is merged into one of them is merged into all: in one response, one entity is one thing.
 * They are marked, so that the response's writer writes each once.
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

/** What stands at a place that held `old` when `fresh` comes in. Objects stay who they are: fetches hold on to them. */
function merged(old: unknown, fresh: unknown): unknown {
  if (old === fresh) return old;
  if (Array.isArray(old)) {
    if (!Array.isArray(fresh) || fresh.length !== old.length) return fresh;
    for (let index = 0; index < old.length; index += 1) old[index] = merged(old[index], fresh[index]);
    return old;
  }
  if (!isObject(old) || !isObject(fresh)) return fresh;
  merge(old, fresh);
  return old;
}

/** A copy that shares nothing. */
export function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (!isObject(value)) return value;
  const copy: Data = {};
  for (const key in value) if (key !== '__proto__') copy[key] = copyOf(value[key]);
  return copy;
}
