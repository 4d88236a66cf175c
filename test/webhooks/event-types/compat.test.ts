import * as fc from 'fast-check';
import { incompatibilities } from '../../../lambdas/webhooks/event-types/compat';
import { PayloadSchema, schemaCompiler } from '../../../lambdas/webhooks/event-types/payload-schema';

const between = (before: unknown, after: unknown) =>
  incompatibilities(PayloadSchema.parse(before), PayloadSchema.parse(after)).map(
    ({ path, detail }) => `${path} ${detail}`,
  );

const a = (schema: unknown) => ({ properties: { a: schema } });

test.each<[string, before: unknown, after: unknown]>([
  ['nothing changes', a({ type: 'string' }), a({ type: 'string' })],
  [
    'only words change',
    a({ type: 'string', title: 'A' }),
    { ...a({ type: 'string', description: 'B' }), $comment: 'x' },
  ],
  ['a property is added', a({}), { properties: { a: {}, b: { type: 'string' } } }],
  ['a property is added and required', a({}), { properties: { a: {}, b: {} }, required: ['b'] }],
  [
    'a property is added where there were no others',
    { ...a({}), additionalProperties: false },
    { properties: { a: {}, b: {} }, additionalProperties: false },
  ],
  ['a property becomes required', a({}), { ...a({}), required: ['a'] }],
  ['a type becomes narrower', a({ type: ['number', 'null'] }), a({ type: 'integer' })],
  ['values go', a({ enum: [1, 2, { x: 1, y: 2 }] }), a({ enum: [{ y: 2, x: 1 }] })],
  ['one value is left', a({ enum: ['x', 'y'] }), a({ const: 'x' })],
  [
    'limits become tighter',
    a({ minimum: 1, maxLength: 5 }),
    a({ minimum: 2, maxLength: 4, pattern: 'x', minItems: 1 }),
  ],
  [
    'a definition is drawn out',
    a({ type: 'string' }),
    { ...a({ $ref: '#/$defs/t' }), $defs: { t: { type: 'string' } } },
  ],
  ['others are no longer taken', {}, { additionalProperties: false }],
  ['one of several becomes narrower', { anyOf: [{ type: 'number' }, {}] }, { anyOf: [{ type: 'integer' }, false] }],
])('%s: a receiver goes on', (_, before, after) => {
  expect(between(before, after)).toEqual([]);
});

test.each<[before: unknown, after: unknown, flaw: string]>([
  [a({}), {}, '/properties/a is no longer there'],
  [{ required: ['a'] }, {}, '/required no longer holds a'],
  [a({ type: 'string' }), a({ type: 'integer' }), '/properties/a/type takes integer, which it did not before'],
  [a({ type: 'integer' }), a({ type: 'number' }), '/properties/a/type takes number, which it did not before'],
  [a({ type: 'string' }), a({ type: ['string', 'null'] }), '/properties/a/type takes null, which it did not before'],
  [a({ type: 'string' }), a({}), '/properties/a/type takes anything, which it did not before'],
  [a({ enum: ['x'] }), a({ enum: ['x', 'y'] }), '/properties/a/enum takes "y", which it did not before'],
  [a({ enum: ['x'] }), a({}), '/properties/a/enum takes more than before'],
  [
    a({ const: { title: 1 } }),
    a({ const: { title: 2 } }),
    '/properties/a/const takes {"title":2}, which it did not before',
  ],
  [a({ minimum: 1 }), a({ minimum: 0 }), '/properties/a/minimum takes more than before'],
  [a({ maxLength: 1 }), a({}), '/properties/a/maxLength takes more than before'],
  [a({ minimum: 1 }), a({ exclusiveMinimum: 0 }), '/properties/a/minimum takes more than before'],
  [
    a({ format: 'date' }),
    a({ format: 'date-time' }),
    '/properties/a/format has changed, and may take more than before',
  ],
  [a({ pattern: 'a' }), a({ pattern: 'b' }), '/properties/a/pattern has changed, and may take more than before'],
  [a({ not: { type: 'null' } }), a({}), '/properties/a/not has changed, and may take more than before'],
  [{ items: { type: 'string' } }, { items: {} }, '/items/type takes anything, which it did not before'],
  [
    { items: { type: 'string' } },
    { items: { type: 'string' }, prefixItems: [{}] },
    '/prefixItems has changed in number',
  ],
  [{ additionalProperties: false }, {}, '/additionalProperties took nothing before'],
  [
    { additionalProperties: { type: 'number' } },
    { ...a({ type: 'string' }), additionalProperties: { type: 'number' } },
    '/properties/a/type takes string, which it did not before',
  ],
  [{ anyOf: [{}, {}] }, { anyOf: [{}, {}, {}] }, '/anyOf has changed, and may take more than before'],
  [{ oneOf: [{ type: 'null' }] }, {}, '/oneOf has changed, and may take more than before'],
  [
    { properties: { 'a/b': { type: 'null' } } },
    { properties: { 'a/b': {} } },
    '/properties/a~1b/type takes anything, which it did not before',
  ],
])('%j to %j breaks a receiver', (before, after, flaw) => {
  expect(between(before, after)).toEqual([flaw]);
});

const scalar = fc.oneof(
  fc.constantFrom('', 'x', 'xy'),
  fc.integer({ min: -1, max: 3 }),
  fc.constant(1.5),
  fc.boolean(),
  fc.constant(null),
);
const types = fc.uniqueArray(fc.constantFrom('null', 'boolean', 'integer', 'number', 'string', 'array', 'object'), {
  minLength: 1,
});
const small = fc.nat(2);
const name = fc.constantFrom('a', 'b');
const keyword = (key: string, value: fc.Arbitrary<unknown>) => value.map((each): [string, unknown] => [key, each]);
const schema = fc.letrec<{ schema: object; any: unknown }>((tie) => ({
  any: fc.oneof({ maxDepth: 2 }, fc.boolean(), tie('schema'), tie('schema')),
  // A few keywords each: with all of them, hardly anything is valid.
  schema: fc
    .array(
      fc.oneof(
        keyword('type', types),
        keyword('enum', fc.array(scalar, { minLength: 1, maxLength: 4 })),
        keyword('const', scalar),
        ...['minimum', 'maximum', 'exclusiveMinimum', 'maxLength', 'minItems', 'maxProperties'].map((each) =>
          keyword(each, small),
        ),
        keyword('pattern', fc.constantFrom('x', '^x$')),
        keyword('multipleOf', fc.constantFrom(1, 2)),
        keyword('required', fc.uniqueArray(name)),
        { weight: 4, arbitrary: keyword('properties', fc.dictionary(name, tie('any'))) },
        { weight: 2, arbitrary: keyword('additionalProperties', tie('any')) },
        { weight: 2, arbitrary: keyword('items', tie('any')) },
        ...['prefixItems', 'anyOf', 'oneOf'].map((each) =>
          keyword(each, fc.array(tie('any'), { minLength: 1, maxLength: 2 })),
        ),
        keyword('not', tie('any')),
      ),
      { maxLength: 4 },
    )
    .map((entries) => Object.fromEntries(entries)),
})).schema;
const data = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), { maxKeys: 2 }),
  ),
})).value;

/** Few schemas made at random follow from others: these are `before`, with some keywords taken from another. */
const pair = fc
  .tuple(schema, schema, fc.func(fc.boolean()))
  .map(([before, other, isTaken]): [object, object] => [
    before,
    { ...before, ...Object.fromEntries(Object.entries(other).filter(([key]) => isTaken(key))) },
  ]);

/**
 * As a receiver reads it: it ignores what it does not know, so that other properties may be there; and of several schemas it
 * reads any that fits.
 */
const lenient = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(lenient);
  if (typeof value !== 'object' || value === null) return value;
  const { oneOf, ...rest } = Object.fromEntries(
    Object.entries(value).map(([key, each]) => {
      if (key === 'additionalProperties' && each === false) return [key, true];
      return [key, key === 'not' ? each : lenient(each)];
    }),
  );
  return { ...rest, ...(oneOf !== undefined && { allOf: [{ anyOf: oneOf }] }) };
};

test('whatever the new schema takes, the old one took, but for properties that are new', async () => {
  const compile = await schemaCompiler();
  let compatible = 0;
  fc.assert(
    fc.property(pair, fc.array(data, { minLength: 10, maxLength: 10 }), ([before, after], payloads) => {
      if (incompatibilities(PayloadSchema.parse(before), PayloadSchema.parse(after)).length > 0) return;
      compatible += 1;
      const old = compile(PayloadSchema.parse(lenient(before)));
      const now = compile(PayloadSchema.parse(after));
      for (const payload of payloads)
        if (now(payload).length === 0) expect([payload, old(payload)]).toEqual([payload, []]);
    }),
    { numRuns: 250 },
  );
  expect(compatible).toBeGreaterThan(35);
});
