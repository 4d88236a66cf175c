import * as fc from 'fast-check';
import { parse } from '../../../lambdas/shared/parse';
import { compileFilter } from '../../../lambdas/webhooks/filter/compile';
import { FILTER_LIMITS, Filter } from '../../../lambdas/webhooks/filter/filter';
import { DEEPEST_PATTERN } from '../../../lambdas/webhooks/filter/read';

const flawsOf = (filter: unknown) => {
  const parsed = parse(Filter, filter);
  return parsed.ok ? [] : parsed.wrong.map(({ name, detail }) => `${name} ${detail}`);
};

test.each<[filter: unknown, flaw: RegExp]>([
  [{}, /^ must be an object that names at least one field$/],
  [[], /must be of type object/],
  ['x', /must be of type object/],
  [{ detail: { a: [1] } }, /^detail is not known here$/],
  [JSON.parse('{"__proto__":{"a":[1]},"data":[1]}'), /^__proto__ is not known here$/],
  [{ $or: [{ detail: ['x'] }, { type: ['x'] }] }, /^\$or\.0\.detail is no field of an event, which has type, channel,/],
  [{ data: {} }, /^data must be an object that names at least one field$/],
  [{ data: { a: 'x' } }, /^data\.a must be an object that names/],
  [{ data: { a: [] } }, /^data\.a must hold at least one value$/],
  [{ data: { a: [[1]] } }, /^data\.a\.0 must be a value or an operator$/],
  [{ data: { a: [{ contains: 'x' }] } }, /^data\.a\.0 must be an object of one operator: prefix, suffix, /],
  [{ data: { a: [{ toString: 'x' }] } }, /^data\.a\.0 must be an object of one operator/],
  [{ data: { a: [{ prefix: 'x', suffix: 'y' }] } }, /^data\.a\.0 must be an object of one operator/],
  [{ data: { a: [1, { prefix: '' }] } }, /^data\.a\.1\.prefix must be a text that is not empty/],
  [{ data: { a: [{ suffix: { 'ignore-case': 'x' } }] } }, /^data\.a\.0\.suffix must be a text, or/],
  [{ data: { a: [{ 'equals-ignore-case': 1 }] } }, /^data\.a\.0\.equals-ignore-case must be a text$/],
  [{ data: { amount: [{ numeric: ['>', '1'] }] } }, /^data\.amount\.0\.numeric must be \["=", number\], or/],
  [{ data: { a: [{ numeric: [] }] } }, /numeric must be/],
  [{ data: { a: [{ numeric: ['<', 1, '>', 0] }] } }, /numeric must be/],
  [{ data: { a: [{ numeric: ['>', 1, '<', 2, '<', 3] }] } }, /numeric must be/],
  [{ data: { a: [{ numeric: ['>', 1, '<', 1] }] } }, /numeric has no number between its bounds$/],
  [{ data: { a: [{ exists: 'yes' }] } }, /exists must be true or false$/],
  [{ data: { a: [{ cidr: '10.0.0.0/33' }] } }, /cidr must be a range of addresses in CIDR notation$/],
  [{ data: { a: [{ cidr: 'fe80::1%1/64' }] } }, /cidr must be a range/],
  [{ data: { a: [{ cidr: '::ffff:10.0.0.0/8' }] } }, /cidr must be a range/],
  [{ data: { a: [{ wildcard: 'a**' }] } }, /wildcard has two stars in a row$/],
  [{ data: { a: [{ wildcard: String.raw`\a` }] } }, /wildcard has a backslash that escapes neither/],
  [{ data: { a: [{ wildcard: 'x\\' }] } }, /wildcard has a backslash that escapes neither/],
  [{ data: { a: [{ wildcard: 'x'.repeat(257) }] } }, /wildcard must be a text of 1 to 256 characters$/],
  [{ data: { a: [{ 'anything-but': [] }] } }, /anything-but must be a value, a list of values, or one of prefix,/],
  [{ data: { a: [{ 'anything-but': { numeric: ['=', 1] } }] } }, /anything-but must be a value, a list of values/],
  [{ data: { a: [{ 'anything-but': { prefix: ['x', ''] } }] } }, /anything-but\.prefix\.1 must be a text/],
  [{ data: { a: [{ 'anything-but': { prefix: [] } }] } }, /anything-but\.prefix must hold at least one text$/],
  [{ $or: [{ type: ['x'] }] }, /^\$or must be a list of at least two patterns$/],
  [{ data: { $or: { a: [1] } } }, /^data\.\$or must be a list of at least two patterns$/],
])('%j is refused', (filter, flaw) => {
  expect(flawsOf(filter).join('; ')).toMatch(flaw);
});

const list = (length: number) => Array.from({ length }, (_, index) => index);
const nested = (depth: number): unknown => (depth === 0 ? [1] : { a: nested(depth - 1) });

const wildcards = (count: number) => ({ data: { a: list(count).map(() => ({ wildcard: '*x' })) } });

test('a filter is held to its limits, each of which it may reach', () => {
  const { values, stars, bytes } = FILTER_LIMITS;
  const long = (more: number) => ({ data: { a: ['x'.repeat(bytes - 21 + more)] } });
  for (const [fitting, over, flaw] of [
    [{ data: { a: list(values) } }, { data: { a: list(values + 1) } }, ' must hold at most 100 values, not 101'],
    [
      { data: { a: [{ 'anything-but': list(values) }] } },
      { data: { a: [{ 'anything-but': list(values + 1) }] } },
      ' must hold at most 100 values, not 101',
    ],
    [wildcards(stars), wildcards(stars + 1), ' must hold at most 16 stars, not 17'],
    [long(2), long(3), ' must hold at most 4096 bytes, not 4097'],
    [{ data: nested(DEEPEST_PATTERN - 1) }, { data: nested(DEEPEST_PATTERN + 1) }, undefined],
  ] as const) {
    expect(flawsOf(fitting)).toEqual([]);
    expect(flawsOf(over)).toEqual(flaw === undefined ? [expect.stringContaining('is deeper than 12 levels')] : [flaw]);
  }
});

test('a pattern without an end of levels, or of flaws, is refused in few words', () => {
  expect(flawsOf({ data: JSON.parse(`${'{"a":'.repeat(50_000)}[1]${'}'.repeat(50_000)}`) })).toHaveLength(1);
  expect(flawsOf({ data: { a: list(50_000).map(() => []) } })).toHaveLength(10);
});

test('whatever it is, it is read or refused; what was read is kept as it was sent, and compiles', () => {
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), fc.record({ data: fc.jsonValue() })), (input) => {
      const parsed = parse(Filter, input);
      if (!parsed.ok) return expect(parsed.wrong.length).toBeGreaterThan(0);
      expect(JSON.stringify(parsed.value)).toBe(JSON.stringify(input));
      compileFilter(parsed.value);
    }),
  );
});

test('what has not come through the schema does not compile', () => {
  expect(() => compileFilter({ data: { a: [{ prefix: 1 }] } })).toThrow('filter.data.a.0.prefix must be a text');
});
