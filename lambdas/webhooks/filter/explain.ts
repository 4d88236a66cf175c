import { compilePattern } from './compile';
import type { EventView } from './event-view';
import { type Filter, patternOf } from './filter';
import { shown, valuesAt } from './found';
import type { Fields, Leaf } from './pattern';
import { OR } from './read';

/** One condition of a filter, looked at by itself. */
export interface Reason {
  /** As it is written in the filter: `data.amount`, `$or[1].data.currency`. */
  readonly path: string;
  /** What the filter says there. */
  readonly expected: unknown;
  /** What the event has there; left out where it has nothing. Of a list, its first elements. */
  readonly found?: unknown;
  readonly matches: boolean;
}

export interface Explanation {
  readonly matches: boolean;
  /** An event matches where all of these do but those within `$or`, of which each list speaks in a line of its own. */
  readonly why: readonly Reason[];
}

/** Why an event does or does not match. It says the same as `compileFilter`, for the conditions are compiled alike. */
export function explainFilter(filter: Filter, event: EventView): Explanation {
  const pattern = patternOf(filter);
  const top: Place = { event, steps: [], path: '' };
  return { matches: compilePattern(pattern)(event), why: explainFields(pattern, filter, top) };
}

interface Place {
  readonly event: EventView;
  /** The fields that lead here, each with the quantifier of the pattern that names it. */
  readonly steps: readonly { readonly key: string; readonly asksAbsence: boolean }[];
  /** The same as it is written in the filter. */
  readonly path: string;
}

function explainFields(node: Fields, said: unknown, at: Place): Reason[] {
  const { fields, alternatives, asksAbsence } = node;
  const ofFields = fields.flatMap(({ key, below }) =>
    explainField(below, memberOf(said, key), {
      event: at.event,
      steps: [...at.steps, { key, asksAbsence }],
      path: join(at.path, key),
    }),
  );
  if (alternatives.length === 0) return ofFields;
  const choice = { ...at, path: join(at.path, OR) };
  return [...ofFields, ...explainAlternatives({ ...node, fields: [] }, memberOf(said, OR), choice)];
}

function explainField(below: Fields | Leaf, said: unknown, at: Place): Reason[] {
  const found = foundAt(at);
  if (below.kind === 'leaf') return [reason(below, said, at, found)];
  const parts = explainFields(below, said, at);
  // What holds of each part may hold of no element that has them all.
  return parts.length > 1 && found.some(Array.isArray) ? [reason(below, said, at, found), ...parts] : parts;
}

function explainAlternatives(choice: Fields, said: unknown, at: Place): Reason[] {
  const each = choice.alternatives.flatMap((fields, index) =>
    explainFields({ ...fields, asksAbsence: choice.asksAbsence }, memberOf(said, String(index)), {
      ...at,
      path: `${at.path}[${index}]`,
    }),
  );
  return [reason(choice, said, at, []), ...each];
}

function reason(node: Fields | Leaf, expected: unknown, at: Place, found: readonly unknown[]): Reason {
  const matches = compilePattern(alone(node, at))(at.event);
  return { path: at.path, expected, ...(found.length > 0 && { found: shown(found) }), matches };
}

const foundAt = ({ event, steps }: Place) =>
  valuesAt(
    event,
    steps.map(({ key }) => key),
  );

/** The condition by itself, under the fields that lead to it. */
const alone = (node: Fields | Leaf, { steps }: Place): Fields | Leaf =>
  steps.reduceRight<Fields | Leaf>(
    (below, { key, asksAbsence }) => ({ kind: 'fields', fields: [{ key, below }], alternatives: [], asksAbsence }),
    node,
  );

const join = (path: string, key: string) => (path === '' ? key : `${path}.${key}`);

const memberOf = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
