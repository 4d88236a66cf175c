import type { EventView } from '../../../lambdas/webhooks/filter/event-view';
import { valueFits } from './reference';

/*
 * EventBridge as its matcher (Event Ruler) tells it: an event is a list of fields, each with the elements of lists that it
 * stands in; a match names a field for each path, no two of which stand in different elements of the same list.
 */

interface FlatField {
  readonly path: string;
  readonly value: unknown;
  /** List by list, the element. */
  readonly within: ReadonlyMap<string, number>;
}
type Json = Record<string, unknown>;
const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** `place` tells each list of the event from all others; `path` knows only names. */
function flatten(value: unknown, path: string, place: string, within: ReadonlyMap<string, number>): FlatField[] {
  if (Array.isArray(value))
    return value.flatMap((each, index) =>
      flatten(each, path, `${place}[${index}]`, new Map([...within, [place, index]])),
    );
  if (!isJson(value)) return [{ path, value, within }];
  return Object.entries(value).flatMap(([key, below]) => flatten(below, `${path}/${key}`, `${place}/${key}`, within));
}

interface Wanted {
  readonly path: string;
  readonly matchers: readonly unknown[];
}
const wantedOf = (pattern: unknown, path: string): Wanted[] =>
  Array.isArray(pattern)
    ? [{ path, matchers: pattern }]
    : Object.entries(isJson(pattern) ? pattern : {}).flatMap(([key, below]) => wantedOf(below, `${path}/${key}`));

const consistent = (left: FlatField['within'], right: FlatField['within']) =>
  [...left].every(([list, element]) => !right.has(list) || right.get(list) === element);

const isAbsence = ({ matchers: [first] }: Wanted) => isJson(first) && first.exists === false;

export function flattenedMatches(filter: unknown, event: EventView): boolean {
  const fields = flatten(event, '', '', new Map());
  const wanted = wantedOf(filter, '');
  const absent = wanted.filter(isAbsence);
  const choose = (left: readonly Wanted[], within: FlatField['within']): boolean => {
    const [next, ...rest] = left;
    if (!next)
      return !absent.some(({ path }) =>
        fields.some((field) => field.path === path && consistent(within, field.within)),
      );
    return fields.some(
      (field) =>
        field.path === next.path &&
        consistent(within, field.within) &&
        next.matchers.some((matcher) => valueFits(matcher, field.value)) &&
        choose(rest, new Map([...within, ...field.within])),
    );
  };
  return choose(
    wanted.filter((each) => !isAbsence(each)),
    new Map(),
  );
}
