import { parse } from '../../../lambdas/shared/parse';
import { type CheckPayload, PayloadSchema, schemaCompiler } from '../../../lambdas/webhooks/event-types/payload-schema';
import { cpuMillisecondsOf } from '../cpu';

let compile: (schema: PayloadSchema) => CheckPayload;
beforeAll(async () => {
  compile = await schemaCompiler();
});

const flawsOf = (schema: unknown) => {
  const parsed = parse(PayloadSchema, schema);
  return parsed.ok ? [] : parsed.wrong.map(({ name, detail }) => `${name} ${detail}`);
};
const check = (schema: unknown, data: unknown) => compile(PayloadSchema.parse(schema))(data);

const INVOICE = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'An invoice that was paid',
  type: 'object',
  required: ['id', 'amount'],
  properties: {
    id: { type: 'string', pattern: '^in_[a-z0-9]+$' },
    amount: { $ref: '#/$defs/amount', description: 'Without tax' },
    tags: { type: 'array', items: { type: 'string' }, uniqueItems: true, maxItems: 3 },
    at: { type: 'string', format: 'date-time' },
  },
  additionalProperties: false,
  $defs: { amount: { type: 'integer', minimum: 0 }, spare: true },
};

test.each<[data: unknown, flaws: unknown]>([
  [{ id: 'in_1', amount: 5, tags: ['a', 'b'], at: 'not a time: formats are told, not checked' }, []],
  [{ id: 'in_1' }, [{ path: '', detail: "must have required property 'amount'" }]],
  [{ id: 'IN', amount: 5 }, [{ path: '/id', detail: 'must match pattern "^in_[a-z0-9]+$"' }]],
  [{ id: 'in_1', amount: -1 }, [{ path: '/amount', detail: 'must be >= 0' }]],
  [{ id: 'in_1', amount: 5, more: 1 }, [{ path: '', detail: 'may not have the property "more"' }]],
  [{ id: 'in_1', amount: 5, tags: ['a', 'a'] }, [{ path: '/tags', detail: expect.stringContaining('duplicate') }]],
  [[], [{ path: '', detail: 'must be object' }]],
])('%j is held against a schema', (data, flaws) => {
  expect(check(INVOICE, data)).toEqual(flaws);
});

test('values that may be are named', () => {
  expect(check({ enum: ['a', 1] }, 'b')).toEqual([{ path: '', detail: 'must be one of ["a",1]' }]);
  expect(check({ properties: { a: { const: null } } }, { a: 1 })).toEqual([{ path: '/a', detail: 'must be null' }]);
});

test('names that every object inherits are properties only where the payload has them', () => {
  expect(check({ required: ['constructor'] }, {})).toHaveLength(1);
  expect(check({ properties: { toString: { type: 'string' } } }, {})).toEqual([]);
});

const nested = (depth: number): unknown => (depth === 0 ? {} : { items: nested(depth - 1) });
const doubling = (levels: number) =>
  Object.fromEntries(
    Array.from({ length: levels }, (_, level) => [
      `d${level}`,
      level === 0
        ? { type: 'string' }
        : { anyOf: [{ $ref: `#/$defs/d${level - 1}` }, { $ref: `#/$defs/d${level - 1}` }] },
    ]),
  );

test.each<[schema: unknown, flaw: RegExp]>([
  [{ type: 'text' }, /^type must be one or several of null, boolean,/],
  [{ type: [] }, /^type must be one or several/],
  [{ minimum: '1' }, /^minimum must be a number$/],
  [{ minLength: -1 }, /^minLength must be a whole number from 0 on$/],
  [{ multipleOf: 0 }, /^multipleOf must be a number above 0$/],
  [{ required: ['a', 'a'] }, /^required must be a list of different names$/],
  [{ enum: [] }, /^enum must be a list of at least one value$/],
  [{ anyOf: [] }, /^anyOf must be a list of at least one schema$/],
  [{ properties: [] }, /^properties must be an object of schemas$/],
  [{ properties: { a: 1 } }, /^properties\.a must be a schema$/],
  [JSON.parse('{"properties":{"__proto__":{}}}'), /^properties may not name __proto__$/],
  [{ items: { patternProperties: {} } }, /^items\.patternProperties is not known here$/],
  [{ $id: 'https://x.example/' }, /^\$id is not known here$/],
  [{ $dynamicRef: '#a' }, /^\$dynamicRef is not known here$/],
  [{ constructor: 1 }, /^constructor is not known here$/],
  [
    { $schema: 'http://json-schema.org/draft-07/schema#' },
    /^\$schema must be https:\/\/json-schema\.org\/draft\/2020-12/,
  ],
  [{ items: { $ref: 'https://x.example/s.json' } }, /^items\.\$ref must be #\/\$defs\/ and the name/],
  [{ $ref: '#' }, /^\$ref must be #\/\$defs\//],
  [{ $ref: '#/$defs/gone' }, /^\$ref must be #\/\$defs\//],
  [{ $ref: '#/$defs/toString' }, /^\$ref must be #\/\$defs\//],
  [{ $ref: '#/$defs/a', minimum: 1, $defs: { a: {} } }, /^minimum may not stand beside \$ref$/],
  [{ $defs: { a: { items: { $ref: '#/$defs/a' } } } }, /\$ref refers to itself: a schema must have an end/],
  [{ $defs: { a: { $ref: '#/$defs/b' }, b: { not: { $ref: '#/$defs/a' } } } }, /refers to itself/],
  [{ $defs: { a: { type: 'x' } } }, /^\$defs\.a\.type must be one or several/],
  [{ $ref: '#/$defs/d12', $defs: doubling(13) }, /must hold at most 1000 schemas, references replaced/],
  [{ uniqueItems: true }, /^uniqueItems needs items with a type that is neither object nor array$/],
  [{ uniqueItems: true, items: { type: ['string', 'object'] } }, /^uniqueItems needs items/],
  [{ pattern: '(a)\\1' }, /^pattern has an escape that is not taken here/],
  [{ pattern: '(' }, /^pattern must be a regular expression/],
  [{ anyOf: Array.from({ length: 7 }, () => ({ pattern: 'a{90}' })) }, /has too many patterns/],
])('%j is refused', (schema, flaw) => {
  expect(flawsOf(schema).join('; ')).toMatch(flaw);
});

test('a schema has at most so many levels, and so many bytes', () => {
  expect(flawsOf(nested(40))).toEqual([]);
  for (const levels of [41, 5_000])
    expect(flawsOf(nested(levels))).toEqual([expect.stringMatching(/is nested too deep$/)]);
  expect(flawsOf({ description: 'x'.repeat(32_750) })).toEqual([]);
  expect(flawsOf({ description: 'x'.repeat(32_751) })).toEqual([' must be at most 32768 bytes']);
});

test('what is refused is said once, and not without an end', () => {
  expect(
    flawsOf({ items: { $ref: '#/$defs/a' }, not: { $ref: '#/$defs/a' }, $defs: { a: { type: 'x' } } }),
  ).toHaveLength(1);
  expect(flawsOf({ prefixItems: Array.from({ length: 50 }, () => 1) })).toHaveLength(10);
});

test('a property that was made to make a backtracking engine hang does not', () => {
  const checked = compile(PayloadSchema.parse({ properties: { a: { pattern: '^(a+)+$' } } }));
  const payload = { a: `${'a'.repeat(200_000)}!` };
  expect(cpuMillisecondsOf(() => expect(checked(payload)).toHaveLength(1))).toBeLessThan(3_000);
});
