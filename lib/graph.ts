import { Duration } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { accept } from './constructs/accept';
import { counted, type Foundation, GatewayFunction } from './constructs/gateway-function';
import { grantSubgraphs } from './constructs/subgraph-access';
import type { Subgraph } from './examples';

const PLAN_EVERY = Duration.minutes(5);
/** It stops by itself before (lambdas/graph/plan-documents.handler.ts). */
const PLAN_TIMEOUT = Duration.minutes(5);

interface GraphProps extends Foundation {
  /** Subgraphs of this deployment, which answer none but callers that sign. */
  readonly subgraphs: readonly Subgraph[];
}

/** The federated graph: it runs what the registry has published. */
export class Graph extends Construct {
  readonly api: lambda.Function;
  /** Where the registry asks to have documents planned. */
  readonly planUrl: lambda.FunctionUrl;

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
        // Reading source maps is a fifth of what loading takes, and more where an operation must be planned first.
        NODE_OPTIONS: '',
      },
    }).fn;
    data.subgraphKey.grantRead(this.api);
    grantSubgraphs(this.api, 'graph', props);
    this.planUrl = this.plan(props);
    // Nobody loses anything by these, so that none rings: an operator looks here before enforcing what is only observed.
    const observed = (['DocumentsOverLimit', 'OperationsOverBudget', 'UnknownDocuments'] as const).map((name) =>
      counted(this.api, name),
    );
    props.monitoring.row('graph: what would be refused if it were enforced', observed);
  }

  /** Plans what clients have published before they ask for it: when it was published, and by the clock what nobody was told. */
  private plan(foundation: GraphProps): lambda.FunctionUrl {
    const { fn } = new GatewayFunction(this, 'Plan', foundation, {
      code: 'plan-documents',
      impact: 'The first request for a published document waits for its plan.',
      timeoutSeconds: PLAN_TIMEOUT.toSeconds(),
      memoryMb: 1024,
      database: 'gatehouse_app',
      cache: true,
    });
    const schedule = events.Schedule.rate(PLAN_EVERY);
    const rule = new events.Rule(this, 'PlanAhead', { schedule, targets: [new targets.LambdaFunction(fn)] });
    accept(rule, 'Serverless::Serverless-EventBusDLQ', 'the next run, some minutes later, does what this one has not');
    return fn.addFunctionUrl({ authType: lambda.FunctionUrlAuthType.AWS_IAM });
  }
}
