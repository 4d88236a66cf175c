import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Subgraph } from '../examples';
import { counted, type Foundation } from './gateway-function';

interface SubgraphAccessProps extends Foundation {
  readonly subgraphs: readonly Subgraph[];
}

/** In five minutes: who stays away is found so three times within seconds of requests, or three minutes of checks. */
const AWAY_TO_ALARM = 3;

/** Lets `fn` ask subgraphs, tells it which ones want a signature, and rings when it finds some away. */
export function grantSubgraphs(fn: lambda.Function, subject: string, props: SubgraphAccessProps): void {
  const { stage, subgraphs, monitoring } = props;
  for (const subgraph of subgraphs) subgraph.grantInvoke(fn);
  fn.addEnvironment('SIGNED_URLS', `[${subgraphs.map(({ url }) => `"${url}"`).join(',')}]`);
  fn.addEnvironment('PRIVATE_TARGETS', stage.privateTargets ? 'on' : 'off');
  monitoring.alarm('Subgraph unavailable', subject, {
    metric: counted(fn, 'SubgraphAway'),
    threshold: AWAY_TO_ALARM,
    impact: 'Fields of at least one subgraph are null in the answers of the graph.',
  });
}
