import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { counted, type Foundation, GatewayFunction } from './constructs/gateway-function';
import type { Subgraph } from './examples';

/** In five minutes: a subgraph that stays away is found so three times within four seconds of requests. */
const AWAY_TO_ALARM = 3;

interface GraphProps extends Foundation {
  /** Subgraphs of this deployment, which answer none but callers that sign. */
  readonly subgraphs: readonly Subgraph[];
}

/** The federated graph: it runs what the registry has published. */
export class Graph extends Construct {
  readonly api: lambda.Function;

  constructor(scope: Construct, id: string, props: GraphProps) {
    super(scope, id);
    const { stage, subgraphs } = props;
    this.api = new GatewayFunction(this, 'Api', props, {
      code: 'graph',
      impact: 'GraphQL requests fail.',
      api: true,
      database: 'gatehouse_app',
      cache: true,
      timeoutSeconds: 28,
      memoryMb: 1024,
      environment: {
        SIGNED_URLS: `[${subgraphs.map(({ url }) => `"${url}"`).join(',')}]`,
        PRIVATE_TARGETS: stage.privateTargets ? 'on' : 'off',
        INTROSPECTION: stage.keepData ? 'off' : 'on',
      },
    }).fn;
    for (const subgraph of subgraphs) subgraph.grantInvoke(this.api);
    props.monitoring.alarm('Subgraph unavailable', 'graph', {
      metric: counted(this.api, 'SubgraphAway'),
      threshold: AWAY_TO_ALARM,
      impact: 'Fields of at least one subgraph are null in the answers of the graph.',
    });
  }
}
