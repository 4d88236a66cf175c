import { SubgraphUrls } from '../../lambdas/graph/bundled';
import { readEnv } from '../../lambdas/shared/env';

test.each([
  ['that is missing', undefined, 'SUBGRAPH_URLS is missing'],
  ['that is not JSON', '{accounts', 'SUBGRAPH_URLS must be a valid json'],
  ['with an address that is none', '{"accounts":"accounts"}', 'SUBGRAPH_URLS.accounts must be a valid url'],
])('a variable %s stops the start by its name', (_, value, told) => {
  expect(() => readEnv({ SUBGRAPH_URLS: SubgraphUrls }, { SUBGRAPH_URLS: value })).toThrow(`environment: ${told}`);
});
