import * as fc from 'fast-check';
import { buildSchema, parse } from 'graphql';
import { MOST_OBJECTS, tokensOf } from '../../lambdas/graph/execute/cost';
import { DOCUMENT_LIMITS, excessOf } from '../../lambdas/graph/planning/document-limits';
import { examine } from '../../lambdas/graph/planning/examine';

const codeOf = (query: string) => excessOf(parse(query))?.code;
const times = (count: number, text: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ');
const { depth, fields, rootFields, aliases, directives, fragments, tokens } = DOCUMENT_LIMITS;

/** A document at exactly the limit, for each, by how much of it there is. */
const OF: Readonly<Record<string, readonly [limit: number, code: string, document: (size: number) => string]>> = {
  depth: [depth, 'TOO_DEEP', (size) => `${'{ a '.repeat(size)}${'}'.repeat(size)}`],
  fields: [fields, 'TOO_MANY_FIELDS', (size) => `{ a { ${times(size - 1, () => 'b')} } }`],
  rootFields: [rootFields, 'TOO_MANY_ROOT_FIELDS', (size) => `{ ${times(size, () => 'a')} }`],
  aliases: [aliases, 'TOO_MANY_ALIASES', (size) => `{ a { ${times(size, (index) => `b${index}: b`)} } }`],
  directives: [directives, 'TOO_MANY_DIRECTIVES', (size) => `{ a ${times(size, () => '@skip(if: true)')} }`],
  // Half of them are fragments, the other half spreads of them.
  fragments: [
    fragments,
    'TOO_MANY_FRAGMENTS',
    (size) =>
      `{ ${times(Math.ceil(size / 2), (index) => `...F${index}`)} } ${times(Math.floor(size / 2), (index) => `fragment F${index} on Query { a }`)}`,
  ],
};

test.each(Object.keys(OF))(
  'a document with as much of %s as the limit says goes on, one with more has a stable code',
  (name) => {
    const [limit, code, document] = OF[name] ?? [0, '', () => ''];
    expect(codeOf(document(limit))).toBeUndefined();
    expect(codeOf(document(limit + 1))).toBe(code);
  },
);

test('fragments count as often as they are spread, and one that is spread twice at each level is measured once', () => {
  expect(codeOf(`{ ${times(101, () => '...F')} } fragment F on Query { a }`)).toBe('TOO_MANY_ROOT_FIELDS');
  const doubling = times(60, (index) => `fragment F${index} on A { b { ...F${index + 1} } c { ...F${index + 1} } }`);
  expect(codeOf(`{ a { ...F0 } } ${doubling} fragment F60 on A { d }`)).toBe('TOO_DEEP');
});

test('a fragment that spreads itself is measured, and left to validation', () => {
  expect(codeOf('{ ...A } fragment A on Query { a { ...B } } fragment B on Query { a { ...A } }')).toBeUndefined();
});

test('every operation of a document is measured, not only the one that would run', () => {
  expect(codeOf(`query A { a } query B { ${times(rootFields + 1, () => 'a')} }`)).toBe('TOO_MANY_ROOT_FIELDS');
});

const schema = buildSchema('type Query { a: Query b: Int }');
const examined = (query: string) => examine(schema, query);

test('a document with too many tokens is refused by its code and has cost 1', () => {
  expect(examined(`{ ${'b '.repeat(tokens)} }`)).toMatchObject({ cost: 1, excess: { code: 'TOO_MANY_TOKENS' } });
});

test('what is no GraphQL, or nested beyond any stack, is no fault of ours', () => {
  expect(examined('{ a tokens')).toMatchObject({ cost: 1, syntaxError: expect.any(Error) });
  const { cost, excess, syntaxError } = examined('{ a '.repeat(4_900));
  expect(cost === 1 || cost === MOST_OBJECTS).toBe(true);
  expect(excess ?? syntaxError).toBeDefined();
});

test('whatever the document, it is examined without an exception', () => {
  const words = fc.constantFrom(
    '{',
    '}',
    'a',
    'b',
    'x: a',
    '...F',
    '... on Query',
    'fragment F on Query',
    'query',
    '@skip(if: $x)',
    '(',
    ')',
  );
  fc.assert(
    fc.property(fc.array(words, { maxLength: 60 }), (all) => {
      expect(tokensOf(examined(all.join(' ')).cost, {})).toBeGreaterThanOrEqual(1);
    }),
    { numRuns: 500 },
  );
});
