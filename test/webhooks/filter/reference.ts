import { BlockList, isIP } from 'node:net';
import type { EventView } from '../../../lambdas/webhooks/filter/event-view';

/*
 * A filter as docs/webhooks/filters.md tells it, interpreted word by word from its JSON: slow, and written apart from what
 * it is to judge.
 */

type Json = Record<string, unknown>;
const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

export const referenceMatches = (filter: unknown, event: EventView): boolean => fits(filter, event);

function fits(pattern: unknown, value: unknown): boolean {
  if (Array.isArray(pattern)) {
    const leaves = [value].flat(50).filter((each) => each !== undefined && !isJson(each));
    return leaves.length > 0 ? leaves.some((each) => anyFits(pattern, each)) : anyFits(pattern, undefined);
  }
  if (!Array.isArray(value)) return objectFits(pattern, value);
  const elements = flat(value);
  return asksAbsence(pattern)
    ? elements.every((each) => objectFits(pattern, each))
    : elements.some((each) => objectFits(pattern, each));
}

/** An empty list is one element that has nothing. */
const flat = (list: readonly unknown[]): unknown[] =>
  list.length === 0 ? [{}] : list.flatMap((each) => (Array.isArray(each) ? flat(each) : [each]));

function asksAbsence(pattern: unknown): boolean {
  if (Array.isArray(pattern)) return pattern.every((each) => isJson(each) && each.exists === false);
  return Object.entries(isJson(pattern) ? pattern : {}).every(([key, below]) =>
    key === '$or' && Array.isArray(below) ? below.every(asksAbsence) : asksAbsence(below),
  );
}

function objectFits(pattern: unknown, value: unknown): boolean {
  const object = isJson(value) ? value : {};
  return Object.entries(isJson(pattern) ? pattern : {}).every(([key, below]) => {
    if (key === '$or' && Array.isArray(below)) return below.some((each) => objectFits(each, object));
    return fits(below, Object.hasOwn(object, key) ? object[key] : undefined);
  });
}

const anyFits = (matchers: readonly unknown[], value: unknown) => matchers.some((matcher) => valueFits(matcher, value));

export function valueFits(matcher: unknown, value: unknown): boolean {
  if (!isJson(matcher)) return matcher === value;
  const [[operator, wanted] = ['', undefined]] = Object.entries(matcher);
  if (operator === 'exists') return (value !== undefined) === wanted;
  if (operator === 'anything-but') return value !== undefined && !excluded(wanted, value);
  if (operator === 'numeric') return typeof value === 'number' && inBounds(wanted, value);
  return typeof value === 'string' && textFits(operator, wanted, value);
}

function excluded(wanted: unknown, value: unknown): boolean {
  if (!isJson(wanted)) return anyFits([wanted].flat(), value);
  return Object.entries(wanted).some(([operator, texts]) =>
    [texts].flat().some((text) => valueFits({ [operator]: text }, value)),
  );
}

function inBounds(wanted: unknown, value: number): boolean {
  const words: unknown[] = [wanted].flat();
  return words.every((sign, index) => {
    const bound = Number(words[index + 1]);
    if (sign === '=') return value === bound;
    if (sign === '<') return value < bound;
    if (sign === '<=') return value <= bound;
    if (sign === '>') return value > bound;
    if (sign === '>=') return value >= bound;
    return true;
  });
}

function textFits(operator: string, wanted: unknown, value: string): boolean {
  if (isJson(wanted)) return textFits(operator, lower(String(wanted['equals-ignore-case'])), lower(value));
  const text = String(wanted);
  if (operator === 'prefix') return value.startsWith(text);
  if (operator === 'suffix') return value.endsWith(text);
  if (operator === 'equals-ignore-case') return lower(value) === lower(text);
  if (operator === 'wildcard') return asExpression(text).test(value);
  return operator === 'cidr' && inRange(text, value);
}

const lower = (text: string) => text.toLowerCase();

const asExpression = (wildcard: string) =>
  new RegExp(
    `^${[...wildcard.matchAll(/\\(.)|(\*)|([^])/g)]
      .map(([, escaped, star, other]) => (star ? '[^]*' : (escaped ?? other ?? '').replace(/[^\w]/g, '\\$&')))
      .join('')}$`,
  );

/** `::ffff:10.1.2.3` is `10.1.2.3`, in an event as in a range. */
function inRange(range: string, value: string): boolean {
  const mapped = /^::ffff:(?=.*\.)/i;
  const isMapped = mapped.test(range);
  const [network = '', bits = ''] = range.replace(mapped, '').split('/');
  const address = value.replace(mapped, '');
  if (isIP(address) === 0 || isIP(address) !== isIP(network)) return false;
  const list = new BlockList();
  const family = isIP(network) === 4 ? 'ipv4' : 'ipv6';
  list.addSubnet(network, Number(bits) - (isMapped ? 96 : 0), family);
  return list.check(address, family);
}
