import { linearPattern } from './linear-pattern';
import { PatternFault } from './pattern-syntax';

/*
 * The keywords of JSON Schema 2020-12 that a payload's schema may use. Each says what is wrong with what it was given.
 */

type Fault = string | undefined;
type Check = (given: unknown) => Fault;

const check =
  (holds: (given: unknown) => boolean, detail: string): Check =>
  (given) =>
    holds(given) ? undefined : detail;

const isText = (given: unknown): given is string => typeof given === 'string';
const number = check((given) => typeof given === 'number', 'must be a number');
const text = check(isText, 'must be a text');
const truth = check((given) => typeof given === 'boolean', 'must be true or false');
const anything: Check = () => undefined;
const size = check(
  (given) => typeof given === 'number' && Number.isSafeInteger(given) && given >= 0,
  'must be a whole number from 0 on',
);

export const TYPES = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'] as const;
const SCALARS: readonly unknown[] = ['null', 'boolean', 'integer', 'number', 'string'];

export const isList = (given: unknown): given is readonly unknown[] => Array.isArray(given);
export const listOf = (given: unknown): readonly unknown[] => (isList(given) ? given : [given]);
const isSet = (given: readonly unknown[]) => new Set(given).size === given.length;

const type = check(
  (given) => {
    const types = listOf(given);
    const known: readonly unknown[] = TYPES;
    return types.length > 0 && isSet(types) && types.every((each) => known.includes(each));
  },
  `must be one or several of ${TYPES.join(', ')}`,
);

const pattern: Check = (given) => {
  if (!isText(given)) return 'must be a text';
  try {
    linearPattern(given);
    return undefined;
  } catch (error) {
    if (error instanceof PatternFault) return error.message;
    throw error;
  }
};

/** They say something to people, and nothing of what is valid. `format` is one of them (2020-12, section 7.2.1). */
export const ANNOTATIONS: Readonly<Record<string, Check>> = {
  title: text,
  description: text,
  $comment: text,
  default: anything,
  examples: check(isList, 'must be a list'),
  deprecated: truth,
  readOnly: truth,
  writeOnly: truth,
};

/** Those that hold no schema. */
export const ASSERTIONS: Readonly<Record<string, Check>> = {
  type,
  format: text,
  enum: check((given) => isList(given) && given.length > 0, 'must be a list of at least one value'),
  const: anything,
  minimum: number,
  maximum: number,
  exclusiveMinimum: number,
  exclusiveMaximum: number,
  multipleOf: check((given) => typeof given === 'number' && given > 0, 'must be a number above 0'),
  minLength: size,
  maxLength: size,
  pattern,
  minItems: size,
  maxItems: size,
  uniqueItems: truth,
  minProperties: size,
  maxProperties: size,
  required: check((given) => isList(given) && given.every(isText) && isSet(given), 'must be a list of different names'),
};

export const OF_ONE = ['items', 'additionalProperties', 'not'] as const;
export const OF_SEVERAL = ['prefixItems', 'allOf', 'anyOf', 'oneOf'] as const;

/**
 * Whether items can be told apart in linear time: comparing each object with each other takes the square of their number,
 * and as much stack as they are deep.
 */
export const hasScalarItems = (items: unknown): boolean =>
  typeof items === 'object' &&
  items !== null &&
  'type' in items &&
  listOf(items.type).every((each) => SCALARS.includes(each));
