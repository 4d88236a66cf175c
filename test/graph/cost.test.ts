import * as fc from 'fast-check';
import { buildSchema, type GraphQLSchema, Kind, parse } from 'graphql';
import { tokensOf } from '../../lambdas/graph/execute/cost';
import { costOf } from '../../lambdas/graph/planning/cost';
import { examine } from '../../lambdas/graph/planning/examine';

function costIn(of: GraphQLSchema, query: string, variables: Record<string, unknown>, operationName?: string): number {
  const { cost: found, defaults } = examine(of, query, operationName);
  return tokensOf(found, { ...defaults, ...variables });
}

const schema = buildSchema(`
  interface Node { id: ID! related(first: Int): [Node!]! }
  type Book implements Node { id: ID! related(first: Int): [Node!]! title: String author: Author pages(limit: Int = 20): [Page] }
  type Author implements Node { id: ID! related(first: Int): [Node!]! name: String books: [Book!]! grid: [[Book]] }
  type Page { number: Int words: [String!]! }
  type Edge { node: Book }
  type Connection { edges: [Edge!]! total: Int }
  union Found = Book | Page
  type Query { book: Book books(first: Int): [Book!] connection(first: Int, last: Int): Connection shelf(first: Int = 400, last: Int, limit: Int): [Book] search: [Found!] node: Node hello: String }
  type Mutation { add: Book addAll(first: Int): [Book!] remove: Boolean }
`);
const cost = (query: string, variables: Record<string, unknown> = {}, operationName?: string) =>
  costIn(schema, query, variables, operationName);

test.each([
  ['scalars', '{ hello }', 1],
  ['one object', '{ book { title author { name } } }', 1],
  ['a list of an assumed size, and lists below it', '{ books { author { books { title } } } }', 2],
  ['a list as long as asked', '{ books(first: 500) { title } }', 5],
  ['a default of the schema', '{ books(first: 100) { pages { number } } }', 21],
  ['lists of lists', '{ books(first: 10) { author { grid { title } } } }', 11],
  ['a list of scalars', '{ books(first: 10) { pages(limit: 1) { words } } }', 1],
  ['a connection, whose size stands above its list', '{ connection(first: 1000) { edges { node { title } } } }', 21],
  ['aliases, each for itself', '{ a: books(first: 100) { id } b: books(first: 100) { id } }', 2],
  [
    'a fragment as often as it is spread',
    '{ a: book { ...B } b: book { ...B } } fragment B on Book { pages(limit: 99) { number } }',
    2,
  ],
  ['the dearest of a union', '{ search { ... on Book { pages(limit: 100) { number } } ... on Page { number } } }', 11],
  ['an interface', '{ node { related(first: 50) { id ... on Author { books { id } } } } }', 6],
  ['of several sizes the largest', '{ shelf(first: 0, limit: 500) { id } }', 5],
  ['a size of null as one that is not given', '{ shelf(first: null) { id } }', 4],
  ['a negative size as one that is not given', '{ shelf(first: -1) { id } }', 4],
  ['a size as asked, though the schema has a larger default', '{ shelf(last: 100) { id } }', 1],
  ['a mutation, by its root fields', 'mutation { a: add { id } b: add { id } remove __typename }', 3],
  ['a mutation, by what it returns where that is more', 'mutation { addAll(first: 500) { id } remove }', 6],
  [
    'a mutation whose fields stand in fragments',
    'mutation { ...A ... { c: remove d: remove } } fragment A on Mutation { a: remove b: remove }',
    4,
  ],
  ['a mutation without what is skipped', 'mutation { a: remove b: remove @skip(if: true) }', 1],
  ['introspection', '{ __schema { types { fields { type { ofType { ofType { name } } } } } } }', 1],
  ['introspection under many aliases', '{ a: __schema { types { name } } b: __type(name: "Book") { name } }', 2],
  ['what is skipped not at all', '{ books(first: 1000) @skip(if: true) { id } book { id } }', 1],
])('%s', (_, query, expected) => {
  expect(cost(query)).toBe(expected);
});

test('variables count as they are given, else by their defaults', () => {
  const query = 'query Q($n: Int = 300, $no: Boolean!) { books(first: $n) { id } book @include(if: $no) { id } }';
  expect(cost(query)).toBe(4);
  expect(cost(query, { n: 1000, no: false })).toBe(10);
});

test('a variable that is not given leaves the default of the schema', () => {
  expect(cost('query Q($n: Int) { shelf(first: $n) { id } }')).toBe(4);
  expect(cost('query Q($n: Int) { shelf(first: $n) { id } }', { n: 'many' })).toBe(4);
});

test('a syntax error that quotes the word tokens is no document with too many of them', () => {
  expect(cost('{ hello } tokens')).toBe(1);
});

test('of several operations the one that is named', () => {
  const query = 'query A { hello } query B { books(first: 1000) { id } }';
  expect([cost(query, {}, 'A'), cost(query, {}, 'B'), cost(query, {}, 'C'), cost(query)]).toEqual([1, 10, 1, 1]);
});

/** What a document costs that no limit of size has refused before (document-limits.test.ts). */
function counted(query: string, of = schema): number {
  const document = parse(query);
  const [operation] = document.definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('it begins with its operation');
  return tokensOf(costOf(of, document, operation), {});
}

const FAR_TOO_MUCH = 100_000;

describe('a hostile document', () => {
  test('with lists in lists costs more than any bucket holds, and no more than a number holds', () => {
    const nested = `{ books(first: 2147483647) { author ${'{ books { author '.repeat(60)}{ name }${' } }'.repeat(60)} } }`;
    expect(counted(nested)).toBeGreaterThan(FAR_TOO_MUCH);
    expect(Number.isSafeInteger(counted(nested))).toBe(true);
  });

  test('with fragments that double at each level is counted once a fragment', () => {
    const fragments = Array.from(
      { length: 60 },
      (_, level) =>
        `fragment F${level} on Author { books { author { ...F${level + 1} } } b: books { author { ...F${level + 1} } } }`,
    );
    const query = `{ book { author { ...F0 } } } ${fragments.join('\n')} fragment F60 on Author { name }`;
    // 2^60 visits would never end.
    expect(counted(query)).toBeGreaterThan(FAR_TOO_MUCH);
  });

  test('of interfaces in interfaces asks for their types once a selection', () => {
    const types = Array.from({ length: 50 }, (_, index) => `type T${index} implements N { id: ID n: N }`);
    const wide = buildSchema(`interface N { id: ID n: N } ${types.join(' ')} type Query { n: N }`);
    const asked = jest.spyOn(wide, 'getPossibleTypes');
    const query = `${'{ n '.repeat(100)}{ id }${' }'.repeat(100)}`;
    expect(counted(query, wide)).toBe(1);
    expect(asked.mock.calls).toHaveLength(100);
  });

  test('whose fragments go in a circle is left to the executor to refuse', () => {
    expect(cost('{ book { ...A } } fragment A on Book { ...B } fragment B on Book { ...A }')).toBe(1);
  });

  test('over an interface of many types is given up where it takes too long, and costs what no bucket holds', () => {
    const types = Array.from({ length: 300 }, (_, index) => `type T${index} implements N { id: ID n: N }`);
    const wide = buildSchema(`interface N { id: ID n: N } ${types.join(' ')} type Query { n: N }`);
    expect(counted(`{ n { ${'id '.repeat(100)} } }`, wide)).toBe(1);
    expect(counted(`{ n { ${'id '.repeat(1_000)} } }`, wide)).toBeGreaterThan(FAR_TOO_MUCH);
  });
});

test('whatever is sent costs a whole number, at least 1', () => {
  const words = fc.constantFrom(
    '{',
    '}',
    'books',
    '(first: 5)',
    '(first: $x)',
    'author',
    '...',
    'on Book',
    'fragment A on Book',
    'query',
    '@skip(if: $x)',
    '"',
    '#',
    'mutation',
  );
  const documents = fc.oneof(
    fc.string(),
    fc.array(words, { maxLength: 40 }).map((all) => all.join(' ')),
  );
  fc.assert(
    fc.property(documents, fc.dictionary(fc.string(), fc.anything()), (query, variables) => {
      const found = cost(query, variables);
      expect(Number.isInteger(found) && found >= 1).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test('asking for more never costs less', () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 2_000 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(sizes, (all) => {
      const fields = all.map((size, index) => `f${index}: books(first: ${size}) { author { books { id } } }`);
      expect(cost(`{ ${fields.join(' ')} }`)).toBeGreaterThanOrEqual(
        cost(`{ ${fields.slice(0, -1).join(' ') || 'hello'} }`),
      );
    }),
  );
});

/** A selection on the book type of the schema: any nesting of its fields, fragments and lists. */
const { selection } = fc.letrec<{ selection: string }>((tie) => ({
  selection: fc
    .array(
      fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        fc.constantFrom('id', 'title', '__typename'),
        fc.integer({ min: 0, max: 300 }).map((size) => `pages(limit: ${size}) { number }`),
        tie('selection').map((below) => `author { books { ${below} } }`),
        tie('selection').map((below) => `related(first: 3) { ... on Book { ${below} } }`),
        tie('selection').map((below) => `... on Node { ... on Book { ${below} } }`),
        tie('selection').map((below) => `... on Book @include(if: $x) { ${below} }`),
      ),
      { minLength: 1, maxLength: 4 },
    )
    .map((all) => all.join(' ')),
}));
const inDocument = (below: string) => `query Q($x: Boolean = true) { books { ${below} } } fragment F on Book { id }`;

test('a field more, wherever it stands, never costs less', () => {
  const added = fc.constantFrom('id', 'author { name }', '...F', 'pages(limit: 99) { number }', '__typename');
  fc.assert(
    fc.property(selection, added, fc.nat(), (below, more, at) => {
      const document = inDocument(below);
      // Behind the brace of any selection set of Book: those are the ones that a field of Book may be added to.
      const places = [...document.matchAll(/(?:books|on Book(?: @include\(if: \$x\))?) \{/g)];
      const place = places[at % places.length];
      const end = (place?.index ?? 0) + (place?.[0].length ?? 0);
      const larger = `${document.slice(0, end)} ${more} ${document.slice(end)}`;
      expect(cost(larger)).toBeGreaterThanOrEqual(cost(document));
    }),
    { numRuns: 300 },
  );
});

test('a valid document that was damaged anywhere costs a whole number, at least 1', () => {
  const damage = fc.constantFrom('', '{', '}', '"', '...', '$', '(', '@skip', '\u0000', '...F', 'first: 9e99');
  fc.assert(
    fc.property(selection, damage, fc.nat(), fc.nat({ max: 20 }), (below, into, at, removed) => {
      const document = inDocument(below);
      const from = at % document.length;
      const found = cost(document.slice(0, from) + into + document.slice(from + removed));
      expect(Number.isSafeInteger(found) && found >= 1).toBe(true);
    }),
    { numRuns: 500 },
  );
});
