import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { type Foundation, GatewayFunction } from './constructs/gateway-function';
import { grantSubgraphs } from './constructs/subgraph-access';
import type { Subgraph } from './examples';

interface GraphProps extends Foundation {
  /** Subgraphs of this deployment, which answer none but callers that sign. */
  readonly subgraphs: readonly Subgraph[];
}

/** The federated graph: it runs what the registry has published. */
export class Graph extends Construct {
  readonly api: lambda.Function;

  constructor(scope: Construct, id: string, props: GraphProps) {
    super(scope, id);
    const { stage, data } = props;
    this.api = new GatewayFunction(this, 'Api', props, {
      code: 'graph',
      impact: 'GraphQL requests fail.',
      api: true,
      database: 'gatehouse_app',
      cache: true,
      timeoutSeconds: 28,
      memoryMb: 1024,
      environment: {
        UNAUTHORIZED_FIELDS: stage.unauthorizedFields,
        SUBGRAPH_KEY_SECRET: data.subgraphKey.secretArn,
        INTROSPECTION: stage.keepData ? 'off' : 'on',
      },
    }).fn;
    data.subgraphKey.grantRead(this.api);
    grantSubgraphs(this.api, 'graph', props);
  }
}
