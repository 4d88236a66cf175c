import { isObject, type JsonObject } from '../filter/event-view';
import type { Schema } from './expand-schema';
import { expanded, type PayloadFlaw, type PayloadSchema } from './payload-schema';
import { isList, listOf } from './schema-keywords';

/*
 * Whether who reads payloads of one schema can read those of another. A receiver ignores properties that it does not know;
 * whatever it does know must stay, and may take no values that it did not take before.
 */

/**
 * What breaks a receiver when `after` takes the place of `before`, each with a JSON Pointer into the schema. A schema that
 * takes less is compatible; whatever has changed in a way that is not understood is not.
 */
export function incompatibilities(before: PayloadSchema, after: PayloadSchema): readonly PayloadFlaw[] {
  return compare(expanded(before), expanded(after), '');
}

function compare(before: Schema, after: Schema, path: string): PayloadFlaw[] {
  if (before === true || after === false) return [];
  if (before === false) return [{ path, detail: 'took nothing before' }];
  const [was, is] = [before, after === true ? {} : after];
  return [
    ...Object.entries(RULES).flatMap(([keyword, rule]) => {
      const detail = rule(was[keyword], is[keyword]);
      return detail === undefined ? [] : [{ path: `${path}/${keyword}`, detail }];
    }),
    ...compareValues(was, is, path),
    ...compareProperties(was, is, path),
    ...compareItems(was, is, path),
    ...PARALLEL.flatMap((keyword) => compareAlternatives(was[keyword], is[keyword], `${path}/${keyword}`)),
  ];
}

/** What is wrong with `is` in place of `was`; either is undefined where the keyword is not there. */
type Rule = (was: unknown, is: unknown) => string | undefined;

const LOOSER = 'takes more than before';

const atLeast: Rule = (was, is) =>
  was === undefined || (typeof was === 'number' && typeof is === 'number' && is >= was) ? undefined : LOOSER;
const atMost: Rule = (was, is) =>
  was === undefined || (typeof was === 'number' && typeof is === 'number' && is <= was) ? undefined : LOOSER;
const same: Rule = (was, is) =>
  was === undefined || canonical(was) === canonical(is) ? undefined : 'has changed, and may take more than before';

const types: Rule = (was, is) => {
  if (was === undefined) return undefined;
  const known = listOf(was);
  const more = is === undefined ? ['anything'] : listOf(is).filter((each) => !takesType(known, each));
  return more.length === 0 ? undefined : `takes ${more.join(', ')}, which it did not before`;
};
const takesType = (known: readonly unknown[], type: unknown) =>
  known.includes(type) || (type === 'integer' && known.includes('number'));

const required: Rule = (was, is) => {
  const now = isList(is) ? is : [];
  const optional = (isList(was) ? was : []).filter((name) => !now.includes(name));
  return optional.length === 0 ? undefined : `no longer holds ${optional.join(', ')}`;
};

const RULES: Readonly<Record<string, Rule>> = {
  type: types,
  required,
  ...Object.fromEntries(
    ['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'].map((key) => [key, atLeast]),
  ),
  ...Object.fromEntries(
    ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties'].map((key) => [key, atMost]),
  ),
  ...Object.fromEntries(['pattern', 'format', 'multipleOf', 'not'].map((key) => [key, same])),
  uniqueItems: (was, is) => (was === true && is !== true ? LOOSER : undefined),
};

/** `enum` and `const` say the same thing. */
function compareValues(was: JsonObject, is: JsonObject, path: string): PayloadFlaw[] {
  const [known, now] = [valuesOf(was), valuesOf(is)];
  if (!known) return [];
  const keyword = Object.hasOwn(was, 'const') ? 'const' : 'enum';
  if (!now) return [{ path: `${path}/${keyword}`, detail: LOOSER }];
  const more = [...now].filter((value) => !known.has(value));
  return more.length === 0
    ? []
    : [{ path: `${path}/${keyword}`, detail: `takes ${more.join(', ')}, which it did not before` }];
}

function valuesOf(schema: JsonObject): ReadonlySet<string> | undefined {
  const { enum: several, const: one } = schema;
  const fromEnum = isList(several) ? several.map(canonical) : undefined;
  if (!Object.hasOwn(schema, 'const')) return fromEnum && new Set(fromEnum);
  return new Set([canonical(one)].filter((value) => fromEnum?.includes(value) ?? true));
}

const schemaOf = (given: unknown): Schema => (isObject(given) || typeof given === 'boolean' ? given : true);

function compareProperties(was: JsonObject, is: JsonObject, path: string): PayloadFlaw[] {
  const [known, now] = [propertiesOf(was), propertiesOf(is)];
  const others = schemaOf(was.additionalProperties);
  const changed = Object.entries(known).flatMap(([name, before]) => {
    const place = `${path}/properties/${pointer(name)}`;
    if (!Object.hasOwn(now, name)) return [{ path: place, detail: 'is no longer there' }];
    return compare(schemaOf(before), schemaOf(now[name]), place);
  });
  const added = Object.entries(now).filter(([name]) => !Object.hasOwn(known, name));
  return [
    ...changed,
    // Of a map, a receiver reads properties whose names it never knew. Where there were no others, it ignores what is new.
    ...added.flatMap(([name, each]) =>
      others === false ? [] : compare(others, schemaOf(each), `${path}/properties/${pointer(name)}`),
    ),
    ...compare(others, schemaOf(is.additionalProperties), `${path}/additionalProperties`),
  ];
}

const propertiesOf = ({ properties }: JsonObject): JsonObject => (isObject(properties) ? properties : {});

const pointer = (name: string) => name.replaceAll('~', '~0').replaceAll('/', '~1');

function compareItems(was: JsonObject, is: JsonObject, path: string): PayloadFlaw[] {
  const [known, now] = [was.prefixItems, is.prefixItems].map((list) => (isList(list) ? list : []));
  // An item that has a place of its own, or has lost it, is no longer one of `items`.
  if (known?.length !== now?.length) return [{ path: `${path}/prefixItems`, detail: 'has changed in number' }];
  return [
    ...(known ?? []).flatMap((each, index) =>
      compare(schemaOf(each), schemaOf(now?.[index]), `${path}/prefixItems/${index}`),
    ),
    ...compare(schemaOf(was.items), schemaOf(is.items), `${path}/items`),
  ];
}

const PARALLEL = ['allOf', 'anyOf', 'oneOf'] as const;

/** One by one, in their order: what each takes, it took before. */
function compareAlternatives(was: unknown, is: unknown, path: string): PayloadFlaw[] {
  if (was === undefined) return [];
  const [known, now] = [was, is].map((list) => (isList(list) ? list : []));
  if (known?.length !== now?.length) return [{ path, detail: 'has changed, and may take more than before' }];
  return (known ?? []).flatMap((each, index) => compare(schemaOf(each), schemaOf(now?.[index]), `${path}/${index}`));
}

/** JSON in one spelling: names in order. */
function canonical(value: unknown): string {
  if (isList(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value) ?? 'nothing';
  const members = Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1));
  return `{${members.map(([name, each]) => `${JSON.stringify(name)}:${canonical(each)}`).join(',')}}`;
}
