import * as z from 'zod/mini';
import { isObject, type JsonObject } from '../filter/event-view';

/** One step into a payload: the property, and whether all elements of the list that it holds are meant. */
export interface Step {
  readonly name: string;
  readonly each: boolean;
}

const LONGEST_PATH = 256;
const MOST_STEPS = 12;
const STEP = /^([^.[\]\p{Cc}]{1,100}?)(\[\])?$/u;

/** `customer.name`, `items[].price`: a property of the payload, or of each element of a list. */
export const DataPath = z.string().check(
  z.maxLength(LONGEST_PATH),
  z.refine((path) => stepsOf(path) !== undefined, 'must be names with dots between them, and [] after those of lists'),
);

/** The steps of a path, or nothing where it is none. The last names a property: elements of lists are not removed or set. */
export function stepsOf(path: string): readonly Step[] | undefined {
  const steps = path.split('.').flatMap((part) => {
    const [, name, each] = STEP.exec(part) ?? [];
    return name === undefined || name === '__proto__' ? [] : [{ name, each: each !== undefined }];
  });
  return steps.length !== path.split('.').length || steps.length > MOST_STEPS || steps.at(-1)?.each ? undefined : steps;
}

/** The part of a path that leads to the objects which a change is made in: as far as its last list. */
export function listOfPath(path: string): string {
  const end = path.lastIndexOf('[]');
  return end < 0 ? '' : path.slice(0, end + 2);
}

/**
 * The value with each object that the steps lead to replaced; what they do not lead to is shared, and nothing is changed in
 * place. Steps that meet something else than they name lead nowhere.
 */
export function replaceAt(
  value: unknown,
  steps: readonly Step[],
  replace: (object: JsonObject) => JsonObject,
): unknown {
  if (!isObject(value)) return value;
  const [step, ...rest] = steps;
  if (!step) return replace(value);
  if (!Object.hasOwn(value, step.name)) return value;
  const below = value[step.name];
  if (!step.each) return withProperty(value, step.name, replaceAt(below, rest, replace));
  if (!Array.isArray(below)) return value;
  return withProperty(
    value,
    step.name,
    below.map((element: unknown) => replaceAt(element, rest, replace)),
  );
}

const withProperty = (object: JsonObject, name: string, value: unknown): JsonObject =>
  object[name] === value ? object : { ...object, [name]: value };

/** What stands under the names, or `undefined`. */
export const getIn = (object: JsonObject, names: readonly string[]): unknown =>
  names.reduce<unknown>(
    (value, name) => (isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined),
    object,
  );

/** The object with a value under the names; objects on the way are made. Where something else is in the way, itself. */
export function setIn(object: JsonObject, [name, ...rest]: readonly string[], value: unknown): JsonObject {
  if (name === undefined) return object;
  if (rest.length === 0) return { ...object, [name]: value };
  const below = Object.hasOwn(object, name) ? object[name] : {};
  return isObject(below) ? withProperty(object, name, setIn(below, rest, value)) : object;
}

export function removeIn(object: JsonObject, [name, ...rest]: readonly string[]): JsonObject {
  if (name === undefined || !Object.hasOwn(object, name)) return object;
  if (rest.length === 0) {
    const { [name]: _, ...others } = object;
    return others;
  }
  const below = object[name];
  return isObject(below) ? withProperty(object, name, removeIn(below, rest)) : object;
}
