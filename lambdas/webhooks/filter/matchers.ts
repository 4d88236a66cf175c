import { flaw, type Place, within } from '../place';
import { rangeOf } from './address';
import { isObject } from './event-view';
import type { Bound, Matcher, Part, Scalar } from './pattern';
import { piecesOf } from './text';

/*
 * The operators of a pattern. What an operator is given comes from a tenant: each says what it takes.
 */

type Read = (given: unknown, at: Place) => Matcher | undefined;

/** A wildcard's search is linear in the value while its pieces are short (test/webhooks/filter/time.test.ts). */
const LONGEST_WILDCARD = 256;

const isScalar = (value: unknown): value is Scalar =>
  value === null || ['string', 'number', 'boolean'].includes(typeof value);

const isText = (value: unknown): value is string => typeof value === 'string' && value.length > 0;

const text =
  (part: Part): Read =>
  (given, at) => {
    const ignoring = isObject(given) ? only(given, IGNORING, at) : undefined;
    if (isObject(given) && ignoring === undefined) return undefined;
    const wanted = ignoring ?? given;
    if (!isText(wanted)) return flaw(at, `must be a text that is not empty, or {"${IGNORING}": such a text}`);
    return { kind: 'text', part, text: wanted, ignoresCase: ignoring !== undefined };
  };

const IGNORING = 'equals-ignore-case';

const ignoringCase: Read = (given, at) =>
  typeof given === 'string'
    ? { kind: 'text', part: 'whole', text: given, ignoresCase: true }
    : flaw(at, 'must be a text');

const wildcard: Read = (given, at) => {
  if (!isText(given) || given.length > LONGEST_WILDCARD)
    return flaw(at, `must be a text of 1 to ${LONGEST_WILDCARD} characters`);
  const read = piecesOf(given);
  return 'fault' in read ? flaw(at, read.fault) : { kind: 'wildcard', pieces: read.pieces };
};

const cidr: Read = (given, at) => {
  const range = typeof given === 'string' ? rangeOf(given) : undefined;
  return range ? { kind: 'cidr', range } : flaw(at, 'must be a range of addresses in CIDR notation');
};

const exists: Read = (given, at) =>
  typeof given === 'boolean' ? { kind: 'exists', wanted: given } : flaw(at, 'must be true or false');

const LOWEST: Bound = { value: Number.NEGATIVE_INFINITY, included: true };
const HIGHEST: Bound = { value: Number.POSITIVE_INFINITY, included: true };
const NUMERIC = 'must be ["=", number], or a lower bound, an upper bound or both: [">", number, "<=", number]';

const numeric: Read = (given, at) => {
  if (!Array.isArray(given)) return flaw(at, NUMERIC);
  const [sign, value, upperSign, upperValue, ...more]: unknown[] = given;
  const low = boundOf(sign, value, '>');
  const high = given.length === 2 ? boundOf(sign, value, '<') : boundOf(upperSign, upperValue, '<');
  if (given.length === 2 && sign === '=' && typeof value === 'number')
    return { kind: 'numeric', low: { value, included: true }, high: { value, included: true } };
  if (given.length === 2 && (low || high)) return { kind: 'numeric', low: low ?? LOWEST, high: high ?? HIGHEST };
  if (!low || !high || more.length > 0) return flaw(at, NUMERIC);
  return low.value < high.value || (low.value === high.value && low.included && high.included)
    ? { kind: 'numeric', low, high }
    : flaw(at, 'has no number between its bounds');
};

const boundOf = (sign: unknown, value: unknown, side: '>' | '<'): Bound | undefined =>
  typeof value === 'number' && (sign === side || sign === `${side}=`)
    ? { value, included: sign === `${side}=` }
    : undefined;

/** What `anything-but` takes beside values: the same operators, of one text or of several. */
const EXCEPT: Readonly<Record<string, Read>> = {
  prefix: text('start'),
  suffix: text('end'),
  wildcard,
  [IGNORING]: ignoringCase,
};

const anythingBut: Read = (given, at) => {
  if (isObject(given)) return noneOfTexts(given, at);
  const values: unknown[] = Array.isArray(given) ? given : [given];
  if (values.length === 0 || !values.every(isScalar))
    return flaw(at, `must be a value, a list of values, or one of ${namesOf(EXCEPT)}`);
  return { kind: 'none', of: values.map((value) => ({ kind: 'equal', value })) };
};

function noneOfTexts(given: Readonly<Record<string, unknown>>, at: Place): Matcher | undefined {
  const [name = '', ...more] = Object.keys(given);
  const read = Object.hasOwn(EXCEPT, name) ? EXCEPT[name] : undefined;
  if (!read || more.length > 0) return flaw(at, `must be a value, a list of values, or one of ${namesOf(EXCEPT)}`);
  const texts: unknown = given[name];
  const list: unknown[] = Array.isArray(texts) ? texts : [texts];
  if (list.length === 0) return flaw(within(at, name), 'must hold at least one text');
  const of = list.map((each, index) =>
    read(each, Array.isArray(texts) ? within(within(at, name), index) : within(at, name)),
  );
  return { kind: 'none', of: of.filter((matcher) => matcher !== undefined) };
}

const OPERATORS: Readonly<Record<string, Read>> = {
  prefix: text('start'),
  suffix: text('end'),
  [IGNORING]: ignoringCase,
  'anything-but': anythingBut,
  numeric,
  exists,
  cidr,
  wildcard,
};

const namesOf = (operators: Readonly<Record<string, Read>>) => Object.keys(operators).join(', ');

/** The value of the one property that the object may have. */
function only(given: Readonly<Record<string, unknown>>, name: string, at: Place): unknown {
  if (Object.keys(given).length === 1 && Object.hasOwn(given, name)) return given[name];
  return flaw(at, `must be a text, or {"${name}": text}`);
}

/** One of the values that a field may have. */
export function readMatcher(given: unknown, at: Place): Matcher | undefined {
  if (isScalar(given)) return { kind: 'equal', value: given };
  if (!isObject(given)) return flaw(at, 'must be a value or an operator');
  const [name = '', ...more] = Object.keys(given);
  const read = Object.hasOwn(OPERATORS, name) ? OPERATORS[name] : undefined;
  if (!read || more.length > 0) return flaw(at, `must be an object of one operator: ${namesOf(OPERATORS)}`);
  return read(given[name], within(at, name));
}
