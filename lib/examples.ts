import { Stack, type StackProps } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { GatewayFunction } from './constructs/gateway-function';
import { Monitoring } from './constructs/monitoring';
import type { DataStack } from './data';
import { Migrations } from './migrations';
import type { NetworkStack } from './network';
import type { Stage } from './stages';

/** A subgraph as the graph sees it: where it is, and the right to call it. */
export interface Subgraph {
  readonly name: string;
  readonly url: string;
  grantInvoke(caller: lambda.IFunction): void;
}

interface ExamplesProps extends StackProps {
  readonly stage: Stage;
  readonly network: NetworkStack;
  readonly data: DataStack;
  readonly alarms: sns.ITopic;
}

const NAMES = ['accounts', 'products', 'reviews'] as const;

/** Three subgraphs to try the graph with; only callers that sign with a role of this account reach them. */
export class ExamplesStack extends Stack {
  readonly subgraphs: readonly Subgraph[];

  constructor(scope: Construct, id: string, props: ExamplesProps) {
    super(scope, id, props);
    const foundation = { ...props, monitoring: new Monitoring(this, 'Monitoring', props.alarms) };
    const migrations = new Migrations(this, 'Migrations', foundation, { code: 'migrate-examples' });
    this.subgraphs = NAMES.map((name) => {
      const { fn } = new GatewayFunction(this, name, foundation, {
        code: `example-${name}`,
        impact: `The example graph answers without ${name}.`,
        database: 'gatehouse_examples',
        environment: { APOLLO_TELEMETRY_DISABLED: '1' },
      });
      fn.node.addDependency(migrations);
      const functionUrl = fn.addFunctionUrl({ authType: lambda.FunctionUrlAuthType.AWS_IAM });
      return { name, url: functionUrl.url, grantInvoke: (caller) => functionUrl.grantInvokeUrl(caller) };
    });
  }
}
