import { number, text, texts } from '../json';
import type { Statement } from '../types';
import { glob } from './glob';

/** The request's condition keys, lower case, each with its values. */
export type Context = Readonly<Record<string, readonly string[]>>;

const arnParts = (arn: string) => [...arn.split(':').slice(0, 5), arn.split(':').slice(5).join(':')];

/** The six parts of an ARN are compared one by one, so that a wildcard does not run over a colon into the next. */
function arnLike(value: string, pattern: string): boolean {
  const wanted = arnParts(pattern);
  return arnParts(value).every((part, index) => glob(wanted[index] ?? '', part));
}

type Test = (value: string, wanted: string) => boolean;

const numeric =
  (compare: (value: number, wanted: number) => boolean): Test =>
  (value, wanted) => {
    const [left, right] = [number(value), number(wanted)];
    return left !== undefined && right !== undefined && compare(left, right);
  };

const same: Test = (value, wanted) => value === wanted;
const sameIgnoringCase: Test = (value, wanted) => value.toLowerCase() === wanted.toLowerCase();
const like: Test = (value, wanted) => glob(wanted, value);
const equal = numeric((value, wanted) => value === wanted);

/** Each operator with the test that one value must pass; a negated one must fail it for every value wanted. */
const OPERATORS: Readonly<Record<string, { test: Test; negated?: true }>> = {
  StringEquals: { test: same },
  StringNotEquals: { test: same, negated: true },
  StringEqualsIgnoreCase: { test: sameIgnoringCase },
  StringNotEqualsIgnoreCase: { test: sameIgnoringCase, negated: true },
  StringLike: { test: like },
  StringNotLike: { test: like, negated: true },
  ArnEquals: { test: arnLike },
  ArnLike: { test: arnLike },
  ArnNotEquals: { test: arnLike, negated: true },
  ArnNotLike: { test: arnLike, negated: true },
  Bool: { test: sameIgnoringCase },
  NumericEquals: { test: equal },
  NumericNotEquals: { test: equal, negated: true },
  NumericLessThan: { test: numeric((value, wanted) => value < wanted) },
  NumericLessThanEquals: { test: numeric((value, wanted) => value <= wanted) },
  NumericGreaterThan: { test: numeric((value, wanted) => value > wanted) },
  NumericGreaterThanEquals: { test: numeric((value, wanted) => value >= wanted) },
};

const scalars = (value: unknown): readonly string[] =>
  texts([value].flat().map((item) => (typeof item === 'boolean' || typeof item === 'number' ? String(item) : item)));

/** One operator on one key; undefined when the operator is not known here. */
function holds(operator: string, values: readonly string[], wanted: readonly string[]): boolean | undefined {
  const [, set, name = '', ifExists] = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(operator) ?? [];
  if (name === 'Null') return wanted.includes(String(values.length === 0));
  const known = Object.hasOwn(OPERATORS, name) ? OPERATORS[name] : undefined;
  if (!known) return undefined;
  const { test, negated } = known;
  if (values.length === 0) {
    if (set === 'ForAnyValue') return false;
    return set === 'ForAllValues' || ifExists !== undefined || negated === true;
  }
  const passes = (value: string) => wanted.some((want) => test(value, want)) !== (negated === true);
  return set === 'ForAnyValue' ? values.some(passes) : values.every(passes);
}

/**
 * Whether all conditions of a statement hold. `undefined` means that it cannot be told, because an operator is not
 * known here: the caller must then take the answer that gives less access.
 */
export function conditionsHold(conditions: Statement['Condition'], context: Context): boolean | undefined {
  let unknown = false;
  for (const [operator, keys] of Object.entries(conditions ?? {})) {
    for (const [key, wanted] of Object.entries(keys)) {
      const answer = holds(operator, context[key.toLowerCase()] ?? [], scalars(wanted));
      if (answer === false) return false;
      unknown ||= answer === undefined;
    }
  }
  return unknown ? undefined : true;
}

/** A condition key with its value, or nothing when the request does not carry it. */
export const key = (name: string, value: unknown): Context => {
  const found = text(value);
  return found === undefined ? {} : { [name.toLowerCase()]: [found] };
};
