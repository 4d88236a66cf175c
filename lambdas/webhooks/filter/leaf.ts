import { isWithin } from './address';
import type { Leaf, Matcher, Scalar } from './pattern';
import { fitsWildcard, fold, readsAs } from './text';

/** Says of a value, or of `undefined` where the event has none, whether it fits. */
export type Test = (value: unknown) => boolean;

/** From so many values on, a set finds one sooner than looking at each. */
const SMALL = 4;

/** Any of the leaf's matchers. */
export function testOfLeaf({ matchers }: Leaf): Test {
  return anyTest(matchers);
}

function anyTest(matchers: readonly Matcher[]): Test {
  const values = matchers.flatMap((matcher) => (matcher.kind === 'equal' ? [matcher.value] : []));
  const others = matchers.filter(({ kind }) => kind !== 'equal').map(testOf);
  return any([...(values.length > SMALL ? [among(values)] : values.map(equal)), ...others]);
}

const among = (values: readonly Scalar[]): Test => {
  const set: ReadonlySet<unknown> = new Set(values);
  return (value) => set.has(value);
};

const equal =
  (wanted: Scalar): Test =>
  (value) =>
    value === wanted;

/** Whether one of the tests holds; one or two, which is nearly all there is, without a loop. */
export function any<T>(tests: readonly ((value: T) => boolean)[]): (value: T) => boolean {
  const [first, second] = tests;
  if (!first) return () => false;
  if (!second) return first;
  if (tests.length === 2) return (value) => first(value) || second(value);
  return (value) => {
    for (const test of tests) if (test(value)) return true;
    return false;
  };
}

/** Whether all of the tests hold. */
export function all<T>(tests: readonly ((value: T) => boolean)[]): (value: T) => boolean {
  const [first, second] = tests;
  if (!first) return () => true;
  if (!second) return first;
  if (tests.length === 2) return (value) => first(value) && second(value);
  return (value) => {
    for (const test of tests) if (!test(value)) return false;
    return true;
  };
}

function testOf(matcher: Matcher): Test {
  switch (matcher.kind) {
    case 'equal':
      return equal(matcher.value);
    case 'text':
      return ofText(matcher);
    case 'wildcard':
      return (value) => typeof value === 'string' && fitsWildcard(value, matcher.pieces);
    case 'numeric':
      return ofNumbers(matcher);
    case 'cidr':
      return (value) => typeof value === 'string' && isWithin(value, matcher.range);
    case 'exists':
      return matcher.wanted ? (value) => value !== undefined : (value) => value === undefined;
    default:
      return ofNone(matcher.of);
  }
}

function ofNone(excluded: readonly Matcher[]): Test {
  const isExcluded = anyTest(excluded);
  return (value) => value !== undefined && !isExcluded(value);
}

function ofText({ part, text, ignoresCase }: Extract<Matcher, { kind: 'text' }>): Test {
  if (ignoresCase) {
    const folded = fold(text);
    return (value) => typeof value === 'string' && readsAs(value, part, folded);
  }
  if (part === 'start') return (value) => typeof value === 'string' && value.startsWith(text);
  if (part === 'end') return (value) => typeof value === 'string' && value.endsWith(text);
  return (value) => value === text;
}

function ofNumbers({ low, high }: Extract<Matcher, { kind: 'numeric' }>): Test {
  return (value) =>
    typeof value === 'number' &&
    (low.included ? value >= low.value : value > low.value) &&
    (high.included ? value <= high.value : value < high.value);
}
