import { DEEPEST_LISTS } from './compile';
import { isObject } from './event-view';

/*
 * What an event has where a filter looks: for a person to read, and so much of it as can be read.
 */

const MOST_SHOWN = 10;
const LONGEST_SHOWN = 200;

/** What stands under these fields; where lists of objects lead there, under each. Lists that stand there stay lists. */
export function valuesAt(event: unknown, keys: readonly string[]): readonly unknown[] {
  let values: readonly unknown[] = [event];
  for (const key of keys)
    values = values
      .flatMap((value) => elements(value, DEEPEST_LISTS))
      .flatMap((value) => (isObject(value) && Object.hasOwn(value, key) ? [value[key]] : []));
  return values;
}

function elements(value: unknown, deeper: number): readonly unknown[] {
  if (!Array.isArray(value)) return [value];
  return deeper < 0 ? [] : value.flatMap((element) => elements(element, deeper - 1));
}

/** One value as itself; a list where the event has one, or several. */
export function shown(values: readonly unknown[]): unknown {
  const [first] = values;
  if (values.length === 1 && !Array.isArray(first)) return short(first);
  const all = values.flatMap((value) => elements(value, DEEPEST_LISTS));
  const rest = all.length - MOST_SHOWN;
  return [...all.slice(0, MOST_SHOWN).map(short), ...(rest > 0 ? [`… ${rest} more`] : [])];
}

function short(value: unknown): unknown {
  if (typeof value === 'string' && value.length > LONGEST_SHOWN) return `${value.slice(0, LONGEST_SHOWN)}…`;
  return typeof value === 'object' && value !== null ? '{…}' : value;
}
