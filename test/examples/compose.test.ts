import { compose, composeExamples } from '../../examples/compose';

const LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable"])';

test('the example subgraphs compose, each at a placeholder for its address', () => {
  const supergraph = composeExamples();
  for (const name of ['accounts', 'products', 'reviews'])
    expect(supergraph).toContain(`@join__graph(name: "${name}", url: "http://${name}.subgraph")`);
});

test('subgraphs that do not compose are refused with each error, its code and its places', () => {
  const subgraphs = {
    left: `${LINK}\ntype Query { a: Thing }\ntype Thing @key(fields: "id") {\n  id: ID!\n  size: Int\n}`,
    right: `${LINK}\ntype Query { b: Thing }\ntype Thing @key(fields: "id") {\n  id: ID!\n  size: String\n}`,
  };
  expect(() => compose(subgraphs)).toThrow(
    /do not compose:\n {2}\w+: .*Thing\.size.*\(left\/schema\.graphql:5:3, right\/schema\.graphql:5:3\)/,
  );
});

test('a schema that is no GraphQL is refused with its place', () => {
  const place = {
    source: expect.objectContaining({ name: 'broken/schema.graphql' }),
    locations: [{ line: 1, column: 13 }],
  };
  expect(() => compose({ broken: 'type Query {' })).toThrow(expect.objectContaining(place));
});
