import { isObject, type JsonObject } from '../filter/event-view';
import { type Flaw, flaw, type Place, within } from '../place';
import { isShallow } from './json-size';
import { linearPattern } from './linear-pattern';
import { ANNOTATIONS, ASSERTIONS, hasScalarItems, isList, OF_ONE, OF_SEVERAL } from './schema-keywords';

/** A schema in which each reference is replaced by what it names: all of it is known, and it is finite. */
export type Schema = JsonObject | boolean;

export const SCHEMA_LIMITS = { bytes: 32_768, levels: 20, schemas: 1_000, patternSteps: 600 } as const;

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';
const REFERENCE = /^#\/\$defs\/([^/~%]+)$/;

interface World {
  readonly definitions: JsonObject;
  readonly used: Set<string>;
  /** How many schemas there are once references are replaced; a small schema can stand for billions. */
  schemas: number;
  patternSteps: number;
}

/** Reads a payload's schema; with flaws, what was read is not whole. */
export function expandSchema(given: unknown): { readonly schema: Schema; readonly flaws: readonly Flaw[] } {
  const at: Place = { path: [], flaws: [] };
  if (!isObject(given)) flaw(at, 'must be an object');
  else if (!isShallow(given, SCHEMA_LIMITS.levels * 3)) flaw(at, 'is nested too deep');
  if (!isObject(given) || at.flaws.length > 0) return { schema: true, flaws: at.flaws };
  const { $schema, $defs, ...root } = given;
  if ($schema !== undefined && $schema !== DIALECT) flaw(within(at, '$schema'), `must be ${DIALECT}`);
  if ($defs !== undefined && !isObject($defs)) flaw(within(at, '$defs'), 'must be an object of schemas');
  const world: World = { definitions: isObject($defs) ? $defs : {}, used: new Set(), schemas: 0, patternSteps: 0 };
  const schema = expand(root, at, world, []);
  for (const name of Object.keys(world.definitions)) if (!world.used.has(name)) expandDefinition(name, at, world, []);
  return { schema, flaws: distinct(at.flaws) };
}

/** What is wrong with a definition is found wherever it is referred to. */
const distinct = (flaws: readonly Flaw[]): readonly Flaw[] => [
  ...new Map(flaws.map((each) => [JSON.stringify([each.path, each.detail]), each])).values(),
];

/** `open` names the definitions that are being replaced: one of them again would have no end. */
function expand(given: unknown, at: Place, world: World, open: readonly string[]): Schema {
  if (typeof given === 'boolean') return given;
  if (!isObject(given)) return fault(at, 'must be a schema');
  world.schemas += 1;
  if (world.schemas > SCHEMA_LIMITS.schemas)
    return once(at, `must hold at most ${SCHEMA_LIMITS.schemas} schemas, references replaced`);
  if (at.path.length > SCHEMA_LIMITS.levels * 2) return once(at, 'is nested too deep');
  if (Object.hasOwn(given, '$ref')) return refer(given, at, world, open);
  const below = (each: unknown, ...keys: readonly PropertyKey[]) => expand(each, keys.reduce(within, at), world, open);
  judge(given, at, world);
  return Object.fromEntries(Object.entries(given).map(([key, value]) => [key, expandKeyword(key, value, at, below)]));
}

function fault(at: Place, detail: string): Schema {
  flaw(at, detail);
  return true;
}

/** What is over a limit is so in many places. */
const once = (at: Place, detail: string): Schema =>
  at.flaws.some((each) => each.detail === detail) ? true : fault(at, detail);

function refer({ $ref, ...beside }: JsonObject, at: Place, world: World, open: readonly string[]): Schema {
  const place = within(at, '$ref');
  const [, name = ''] = REFERENCE.exec(String($ref)) ?? [];
  if (!Object.hasOwn(world.definitions, name))
    return fault(place, 'must be #/$defs/ and the name of a definition that is there');
  if (open.includes(name)) return fault(place, 'refers to itself: a schema must have an end');
  for (const key of Object.keys(beside))
    if (!Object.hasOwn(ANNOTATIONS, key)) flaw(within(at, key), 'may not stand beside $ref');
  const target = expandDefinition(name, at, world, open);
  return typeof target === 'boolean' ? target : { ...target, ...beside };
}

function expandDefinition(name: string, { flaws }: Place, world: World, open: readonly string[]): Schema {
  world.used.add(name);
  return expand(world.definitions[name], { path: ['$defs', name], flaws }, world, [...open, name]);
}

type Below = (each: unknown, ...keys: readonly PropertyKey[]) => Schema;

function expandKeyword(key: string, value: unknown, at: Place, below: Below): unknown {
  if (isOneOf(OF_ONE, key)) return below(value, key);
  if (isOneOf(OF_SEVERAL, key)) {
    if (isList(value) && value.length > 0) return value.map((each, index) => below(each, key, index));
    return flaw(within(at, key), 'must be a list of at least one schema');
  }
  if (key !== 'properties') return value;
  if (!isObject(value)) return flaw(within(at, key), 'must be an object of schemas');
  // As an own property it would be one that no JavaScript reads safely.
  if (Object.hasOwn(value, '__proto__')) flaw(within(at, key), 'may not name __proto__');
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, below(each, key, name)]));
}

const isOneOf = (keys: readonly string[], key: string) => keys.includes(key);

function judge(given: JsonObject, at: Place, world: World): void {
  for (const [key, value] of Object.entries(given)) {
    if (isOneOf([...OF_ONE, ...OF_SEVERAL, 'properties'], key)) continue;
    const check = Object.hasOwn(ASSERTIONS, key)
      ? ASSERTIONS[key]
      : Object.hasOwn(ANNOTATIONS, key)
        ? ANNOTATIONS[key]
        : unknownKeyword;
    const detail = check?.(value);
    if (detail !== undefined) flaw(within(at, key), detail);
    else if (key === 'pattern') countSteps(String(value), at, world);
  }
  if (given.uniqueItems === true && !hasScalarItems(given.items))
    flaw(within(at, 'uniqueItems'), 'needs items with a type that is neither object nor array');
}

function countSteps(pattern: string, at: Place, world: World): void {
  world.patternSteps += linearPattern(pattern).steps;
  if (world.patternSteps > SCHEMA_LIMITS.patternSteps) once(at, 'has too many patterns, or too long ones');
}

const unknownKeyword = () => 'is not known here';
