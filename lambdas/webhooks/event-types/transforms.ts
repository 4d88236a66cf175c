import * as z from 'zod/mini';
import type { JsonObject } from '../filter/event-view';
import { DataPath, getIn, listOfPath, removeIn, replaceAt, type Step, setIn, stepsOf } from './data-path';

/*
 * How a payload becomes one of the version before: declared, so that it can be shown, checked against both schemas, and never
 * runs code of a tenant.
 */

const MOST_TRANSFORMS = 32;
/** What may be added to one payload, in characters: a value set in each element of a list is many values. */
const MOST_ADDED = 262_144;

const Scalar = z.union([z.string().check(z.maxLength(256)), z.number(), z.boolean(), z.null()]);

/** Both in the same list, or in none: each element of it is a world of its own. */
const Pair = z
  .strictObject({ from: DataPath, to: DataPath })
  .check(
    z.refine(
      ({ from, to }) => listOfPath(from) === listOfPath(to),
      'must lead from and to the elements of the same list',
    ),
  );

const Transform = z.union([
  z.strictObject({ remove: DataPath }),
  /** It is moved, whatever it is; nothing happens where it is not there. */
  z.strictObject({ rename: Pair }),
  z.strictObject({ set: z.strictObject({ path: DataPath, value: Scalar }) }),
  /** Of a text, a number, a boolean or null. */
  z.strictObject({ copy: Pair }),
]);
type Transform = z.output<typeof Transform>;

/** From one version to the one before it, in this order. */
export const Transforms = z.array(Transform).check(z.maxLength(MOST_TRANSFORMS));
export type Transforms = readonly Transform[];

/** The payload would grow by more than it may: nothing can be delivered in its place. */
export class GrownTooLarge extends RangeError {
  override name = 'GrownTooLarge';
}

/** The payload after the transforms; `data` itself is not changed. Throws `GrownTooLarge`. */
export function applyDown(data: unknown, transforms: Transforms): unknown {
  let added = 0;
  const count = (path: string, value: unknown) => {
    added += path.length + (typeof value === 'string' ? value.length : 0);
    if (added > MOST_ADDED) throw new GrownTooLarge(`a payload may grow by at most ${MOST_ADDED} characters`);
  };
  return transforms.reduce<unknown>((payload, transform) => apply(payload, transform, count), data);
}

type Count = (path: string, value: unknown) => void;

function apply(data: unknown, transform: Transform, count: Count): unknown {
  if ('remove' in transform) return inEach(data, transform.remove, (object, names) => removeIn(object, names));
  if ('set' in transform) {
    const { path, value } = transform.set;
    return inEach(data, path, (object, names) => {
      count(path, value);
      return setIn(object, names, value);
    });
  }
  const isMove = 'rename' in transform;
  const { from, to } = isMove ? transform.rename : transform.copy;
  const target = namesOf(to);
  return inEach(data, from, (object, names) => {
    const value = getIn(object, names);
    if (value === undefined || (!isMove && typeof value === 'object' && value !== null)) return object;
    count(to, isMove ? undefined : value);
    const source = isMove ? removeIn(object, names) : object;
    const moved = setIn(source, target, value);
    // Nothing is lost where it cannot be put.
    return moved === source ? object : moved;
  });
}

/** Makes a change in each object that the path's last list holds, or in the payload where it names none. */
function inEach(
  data: unknown,
  path: string,
  change: (object: JsonObject, names: readonly string[]) => JsonObject,
): unknown {
  const steps = stepsOf(path) ?? [];
  return replaceAt(data, steps.slice(0, afterLists(steps)), (object) => change(object, namesOf(path)));
}

const afterLists = (steps: readonly Step[]) => steps.findLastIndex(({ each }) => each) + 1;

/** The names after the last list. */
function namesOf(path: string): readonly string[] {
  const steps = stepsOf(path) ?? [];
  return steps.slice(afterLists(steps)).map(({ name }) => name);
}

/** So many versions before the latest can still be had. */
export const MOST_VERSIONS_BACK = 2;

interface Downward {
  readonly version: number;
  readonly down?: Transforms | undefined;
}

/**
 * The transforms from a version to an older one, in the order in which they are applied, or nothing where there is no way: it
 * is more than two versions back, or a version between them is breaking. To its own version or a newer one nothing is
 * done: an endpoint is pinned to the newest that it understands, and gets older ones as they are.
 */
export function downTo(versions: readonly Downward[], from: number, to: number): Transforms | undefined {
  if (from - to > MOST_VERSIONS_BACK) return undefined;
  const all: Transform[] = [];
  for (let version = from; version > to; version -= 1) {
    const down = versions.find((each) => each.version === version)?.down;
    if (!down) return undefined;
    all.push(...down);
  }
  return all;
}
