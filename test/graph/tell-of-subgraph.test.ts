import { tellOfSubgraph } from '../../lambdas/graph/tell-of-subgraph';
import { captureOutput } from '../support/output';

const output = captureOutput();

test.each([
  ['SubgraphAway', { state: 'away', cause: new Error('answered 503') }],
  ['SubgraphBack', { state: 'back' }],
] as const)('%s is counted under the name of the function, as the alarm reads it', (metric, news) => {
  process.env.AWS_LAMBDA_FUNCTION_NAME = 'graph';
  tellOfSubgraph('news', news);
  const line = output.lines().find((each) => each.includes('CloudWatchMetrics'));
  expect(JSON.parse(line ?? '{}')).toMatchObject({ [metric]: 1, service: 'gatehouse', function: 'graph' });
});
