import * as fc from 'fast-check';
import { applyDown, downTo, GrownTooLarge, Transforms } from '../../../lambdas/webhooks/event-types/transforms';

const down = (data: unknown, ...transforms: readonly unknown[]) => applyDown(data, Transforms.parse(transforms));

test.each<[what: string, transforms: readonly unknown[], before: unknown, after: unknown]>([
  ['a property is removed', [{ remove: 'a' }], { a: 1, b: 2 }, { b: 2 }],
  ['one that is not there is not', [{ remove: 'a.b' }], { a: 1 }, { a: 1 }],
  [
    'one in each element is removed',
    [{ remove: 'items[].tax' }],
    { items: [{ tax: 1, sku: 'x' }, 5, {}] },
    { items: [{ sku: 'x' }, 5, {}] },
  ],
  [
    'lists in lists',
    [{ remove: 'a[].b[].c' }],
    { a: [{ b: [{ c: 1, d: 2 }] }, { b: { c: 1 } }] },
    { a: [{ b: [{ d: 2 }] }, { b: { c: 1 } }] },
  ],
  [
    'a property is renamed',
    [{ rename: { from: 'total', to: 'amount' } }],
    { total: { value: 1 } },
    { amount: { value: 1 } },
  ],
  [
    'a value is put into an object',
    [{ rename: { from: 'customer', to: 'customer.id' } }],
    { customer: 'c' },
    { customer: { id: 'c' } },
  ],
  [
    'and drawn out of one',
    [{ rename: { from: 'customer.id', to: 'customer' } }],
    { customer: { id: 'c', name: 'n' } },
    { customer: 'c' },
  ],
  [
    'within each element',
    [{ rename: { from: 'i[].p.v', to: 'i[].price' } }],
    { i: [{ p: { v: 1 } }, {}] },
    { i: [{ p: {}, price: 1 }, {}] },
  ],
  ['nothing is lost where it cannot be put', [{ rename: { from: 'a', to: 'b.c' } }], { a: 1, b: 2 }, { a: 1, b: 2 }],
  ['a value is set', [{ set: { path: 'a.b.c', value: null } }], { a: { x: 1 } }, { a: { x: 1, b: { c: null } } }],
  ['in each element', [{ set: { path: 'i[].n', value: 1 } }], { i: [{}, { n: 2 }] }, { i: [{ n: 1 }, { n: 1 }] }],
  ['where there is no list, nowhere', [{ set: { path: 'i[].n', value: 1 } }], { i: {} }, { i: {} }],
  ['a value is copied', [{ copy: { from: 'a.b', to: 'c' } }], { a: { b: 'x' } }, { a: { b: 'x' }, c: 'x' }],
  ['an object is not', [{ copy: { from: 'a', to: 'c' } }], { a: { b: 'x' } }, { a: { b: 'x' } }],
  [
    'one after the other',
    [{ set: { path: 'a', value: 1 } }, { rename: { from: 'a', to: 'b' } }, { copy: { from: 'b', to: 'c' } }],
    {},
    { b: 1, c: 1 },
  ],
  ['what is no object stays', [{ set: { path: 'a', value: 1 } }], [1], [1]],
])('%s', (_, transforms, before, after) => {
  expect(down(before, ...transforms)).toEqual(after);
});

test.each([
  { remove: '' },
  { remove: 'a..b' },
  { remove: 'a[]' },
  { remove: 'a[0].b' },
  { remove: '__proto__.polluted' },
  { remove: 'a.__proto__' },
  { remove: Array.from({ length: 13 }, () => 'a').join('.') },
  { remove: 'a', set: { path: 'a', value: 1 } },
  { set: { path: 'a', value: {} } },
  { set: { path: 'a', value: 'x'.repeat(257) } },
  { rename: { from: 'a[].b', to: 'c' } },
  { copy: { from: 'a[].b', to: 'c[].b' } },
  { run: 'code' },
])('%j is no transform', (transform) => {
  expect(Transforms.safeParse([transform]).success).toBe(false);
});

test('there are at most 32 of them', () => {
  const many = Array.from({ length: 33 }, () => ({ remove: 'a' }));
  expect(Transforms.safeParse(many).success).toBe(false);
  expect(Transforms.safeParse(many.slice(1)).success).toBe(true);
});

test('names that every object inherits are plain properties', () => {
  expect(down({}, { rename: { from: 'constructor.prototype', to: 'a' } }, { remove: 'toString' })).toEqual({});
  expect(down({}, { set: { path: 'constructor.prototype.polluted', value: 1 } })).toEqual({
    constructor: { prototype: { polluted: 1 } },
  });
  expect(Reflect.get({}, 'polluted')).toBeUndefined();
});

test('what would grow without measure is not made', () => {
  const items = Array.from({ length: 80_000 }, () => ({}));
  const value = 'x'.repeat(256);
  expect(() => down({ items }, { set: { path: 'items[].a', value } })).toThrow(GrownTooLarge);
  expect(() =>
    down({ a: 'x'.repeat(200_000) }, { copy: { from: 'a', to: 'b' } }, { copy: { from: 'a', to: 'c' } }),
  ).toThrow(GrownTooLarge);
});

const path = fc
  .array(fc.constantFrom('a', 'b', 'c[]', 'constructor'), { maxLength: 3 })
  .map((steps) => [...steps, 'a'].join('.'));
const transform = fc.oneof(
  fc.record({ remove: path }),
  fc.record({ set: fc.record({ path, value: fc.constantFrom(1, 'x', null) }) }),
  fc.record({ copy: fc.record({ from: path, to: path }) }),
  fc.record({ rename: fc.record({ from: path, to: path }) }),
);
const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.nat(3),
    fc.array(tie('value'), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c', 'constructor', '__proto__'), tie('value')),
  ),
})).value;

test('a payload is left as it was, and no prototype is touched', () => {
  fc.assert(
    fc.property(json, fc.array(transform, { maxLength: 4 }), (data, transforms) => {
      const parsed = Transforms.safeParse(transforms);
      if (!parsed.success) return;
      const before = JSON.stringify(data);
      const after: unknown = JSON.parse(JSON.stringify(applyDown(data, parsed.data)));
      expect(JSON.stringify(data)).toBe(before);
      expect(Object.keys(Object.prototype)).toEqual([]);
      // Once removed, it is gone.
      const removed = applyDown(after, [{ remove: 'a' }]);
      expect(typeof removed === 'object' && removed !== null && Object.hasOwn(removed, 'a')).toBe(false);
    }),
    { numRuns: 1_000 },
  );
});

const versions = [
  { version: 1 },
  { version: 2, down: Transforms.parse([{ remove: 'two' }]) },
  { version: 3, down: Transforms.parse([{ remove: 'three' }]) },
  { version: 4, down: Transforms.parse([{ remove: 'four' }]) },
  { version: 5 },
];

test.each<[from: number, to: number, way: unknown]>([
  [3, 3, []],
  [3, 4, []],
  [3, 2, [{ remove: 'three' }]],
  [4, 2, [{ remove: 'four' }, { remove: 'three' }]],
  [4, 1, undefined],
  [5, 4, undefined],
  [7, 6, undefined],
])('from version %i to %i', (from, to, way) => {
  expect(downTo(versions, from, to)).toEqual(way);
});
