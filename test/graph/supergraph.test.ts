import { composeExamples } from '../../examples/compose';
import { graphServer } from '../../lambdas/graph/server';
import { SubgraphUrls, subgraphNames } from '../../lambdas/graph/supergraph';
import { readEnv } from '../../lambdas/shared/env';

const supergraph = composeExamples();

test('a supergraph names its subgraphs', () => {
  expect(subgraphNames(supergraph)).toEqual(['accounts', 'products', 'reviews']);
});

test.each([
  ['that is missing', undefined, 'SUBGRAPH_URLS is missing'],
  ['that is not JSON', '{accounts', 'SUBGRAPH_URLS must be a valid json'],
  ['with an address that is none', '{"accounts":"accounts"}', 'SUBGRAPH_URLS.accounts must be a valid url'],
])('a variable %s stops the start by its name', (_, value, told) => {
  expect(() => readEnv({ SUBGRAPH_URLS: SubgraphUrls }, { SUBGRAPH_URLS: value })).toThrow(`environment: ${told}`);
});

test.each(['accounts', 'products', 'reviews'])('a missing address of %s stops the start by its name', (missing) => {
  const urls = Object.fromEntries(
    subgraphNames(supergraph)
      .filter((name) => name !== missing)
      .map((name) => [name, 'https://example.test/']),
  );
  const start = () => graphServer({ supergraph, urls, send: async () => ({}), introspection: false });
  expect(start).toThrow(`environment: SUBGRAPH_URLS.${missing} is missing`);
});
