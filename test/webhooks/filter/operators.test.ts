import { compileFilter } from '../../../lambdas/webhooks/filter/compile';
import { Filter } from '../../../lambdas/webhooks/filter/filter';

const event = (data: unknown) => ({ type: 'invoice.paid', version: 1, timestamp: '2026-01-01T00:00:00Z', data });
const matches = (pattern: unknown, data: unknown) => compileFilter(Filter.parse({ data: pattern }))(event(data));

/** What one field may be, values that fit, and values that do not. */
test.each<[matcher: unknown, fitting: readonly unknown[], others: readonly unknown[]]>([
  ['paid', ['paid', ['void', 'paid'], [['paid']]], ['Paid', 'paid ', 1, null, {}, [], [{ a: 'paid' }]]],
  [300, [300, 3e2], ['300', 301, true]],
  [true, [true], ['true', 1, false, undefined]],
  [null, [null, [null]], [undefined, 'null', 0, '']],
  ['', [''], [' ', null, undefined]],
  [{ prefix: 'in' }, ['in', 'invoice'], ['IN', 'i', 1, null]],
  [{ prefix: { 'equals-ignore-case': 'É1' } }, ['é1', 'É12'], ['e1', 'é']],
  [{ suffix: '.png' }, ['.png', 'a.png'], ['a.PNG', 'png', '.png ']],
  [{ suffix: { 'equals-ignore-case': '.PNG' } }, ['.png', 'a.PnG'], ['png', '.png ']],
  [{ 'equals-ignore-case': 'Straße' }, ['STRAßE', 'straße'], ['STRASSE', 'straße ']],
  [{ 'anything-but': 'void' }, ['paid', 1, null, ['void', 'paid']], ['void', ['void'], undefined, [], {}]],
  [{ 'anything-but': ['void', 2] }, ['paid', 1, '2'], ['void', 2]],
  [{ 'anything-but': { prefix: 'in' } }, ['paid', 1], ['invoice', undefined]],
  [{ 'anything-but': { suffix: ['.png', '.gif'] } }, ['a.pdf'], ['a.png', 'a.gif']],
  [{ 'anything-but': { wildcard: '*/lib/*' } }, ['/bin/a', null], ['/lib/a']],
  [{ 'anything-but': { 'equals-ignore-case': ['void', 'open'] } }, ['paid'], ['VOID', 'Open']],
  [{ numeric: ['>', 0, '<=', 5] }, [0.1, 5], [0, 5.1, '3', null]],
  [{ numeric: ['<', 10] }, [-1e300, 9.99], [10]],
  [{ numeric: ['>=', -1.5] }, [-1.5, 1e300], [-1.6]],
  [{ numeric: ['=', 301.8] }, [301.8, 3.018e2], [301.81]],
  [{ exists: true }, [0, null, '', false, [1]], [undefined, {}, [], [{ a: 1 }], { a: 1 }]],
  [{ exists: false }, [undefined, {}, [], [{ a: 1 }], { a: 1 }], [0, null, '', [1]]],
  [{ cidr: '10.0.0.0/24' }, ['10.0.0.255', '::ffff:10.0.0.1'], ['10.0.1.0', '010.0.0.1', '10.0.0', 'x', 10]],
  [{ cidr: '10.0.0.7' }, ['10.0.0.7'], ['10.0.0.8']],
  [{ cidr: '2001:db8::/33' }, ['2001:db8::1', '2001:DB8:7fff::'], ['2001:db8:8000::', '10.0.0.1', '2001:db8::1%eth0']],
  [{ cidr: '0.0.0.0/0' }, ['255.255.255.255', '0.0.0.0'], ['::', '::1']],
  [{ cidr: '::/0' }, ['::1', 'fe80::1'], ['10.0.0.1', '::ffff:10.0.0.1']],
  [{ wildcard: 'a*b' }, ['ab', 'a/b', 'abab', 'a\nb'], ['a', 'b', 'abc', 'A*B']],
  [{ wildcard: '*' }, ['', 'x'], [1, null]],
  [{ wildcard: '*aa*aa*' }, ['aaaa', 'xaayaaz'], ['aaa', 'aab']],
  [{ wildcard: 'ab*ba' }, ['abba', 'abxba'], ['aba']],
  [{ wildcard: String.raw`\**\\` }, ['*\\', '*x\\'], ['x\\', '*x']],
])('%j', (matcher, fitting, others) => {
  for (const value of fitting) expect([value, matches({ field: [matcher] }, { field: value })]).toEqual([value, true]);
  for (const value of others) expect([value, matches({ field: [matcher] }, { field: value })]).toEqual([value, false]);
});

test('a field may be any of its values, and all fields must fit', () => {
  const pattern = { a: [1, 2, 3, 4, 5, { prefix: 'x' }], b: { c: [true] } };
  expect(matches(pattern, { a: 5, b: { c: true } })).toBe(true);
  expect(matches(pattern, { a: 'xy', b: { c: true } })).toBe(true);
  expect(matches(pattern, { a: 6, b: { c: true } })).toBe(false);
  expect(matches(pattern, { a: 1, b: { c: false } })).toBe(false);
  expect(matches(pattern, { a: 1, b: true })).toBe(false);
});

test('$or asks for one of its patterns, beside the fields it stands with', () => {
  const pattern = { state: ['open'], $or: [{ amount: [{ numeric: ['>', 10] }] }, { plan: ['pro'], trial: [false] }] };
  expect(matches(pattern, { state: 'open', amount: 11 })).toBe(true);
  expect(matches(pattern, { state: 'open', plan: 'pro', trial: false })).toBe(true);
  expect(matches(pattern, { state: 'open', plan: 'pro', trial: true })).toBe(false);
  expect(matches(pattern, { state: 'void', amount: 11 })).toBe(false);
});

const employees = [
  { first: 'John', last: 'Doe' },
  { first: 'Anna', last: 'Smith', left: true },
  { first: 'Peter', last: 'Jones' },
];

test('in a list of objects, one of them must have it all', () => {
  expect(matches({ employees: { first: ['Anna'] } }, { employees })).toBe(true);
  expect(matches({ employees: { first: ['Anna'], last: ['Smith'] } }, { employees: [[employees[1]]] })).toBe(true);
  expect(matches({ employees: { first: ['Anna'], last: ['Jones'] } }, { employees })).toBe(false);
  expect(matches({ employees: { first: ['Anna'], $or: [{ last: ['Jones'] }, { left: [true] }] } }, { employees })).toBe(
    true,
  );
});

test('absence is asked of the one that has the rest, and of each where there is no rest', () => {
  const left = [{ exists: false }];
  expect(matches({ employees: { first: ['John'], left } }, { employees })).toBe(true);
  expect(matches({ employees: { first: ['Anna'], left } }, { employees })).toBe(false);
  expect(matches({ employees: { left } }, { employees })).toBe(false);
  expect(matches({ employees: { left } }, { employees: [employees[0], employees[2]] })).toBe(true);
  expect(matches({ employees: { left } }, {})).toBe(true);
});

test('names that every object inherits are fields like any other', () => {
  expect(matches({ constructor: [{ exists: false }] }, {})).toBe(true);
  expect(matches({ constructor: { name: [{ exists: true }] } }, {})).toBe(false);
  const own: unknown = JSON.parse('{"__proto__":{"a":1},"constructor":2}');
  expect(matches(JSON.parse('{"__proto__":{"a":[1]},"constructor":[2]}'), own)).toBe(true);
  expect(matches(JSON.parse('{"__proto__":{"a":[{"exists":true}]}}'), { a: 1 })).toBe(false);
});

test('all fields of an event can be asked', () => {
  const filter = { type: [{ prefix: 'invoice.' }], version: [1], timestamp: [{ prefix: '2026-' }], channel: ['eu'] };
  const test = compileFilter(Filter.parse(filter));
  expect(test({ ...event({}), channel: 'eu' })).toBe(true);
  expect(test(event({}))).toBe(false);
});
