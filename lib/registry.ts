import { Duration } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { accept } from './constructs/accept';
import { type Foundation, GatewayFunction } from './constructs/gateway-function';
import { grantSubgraphs } from './constructs/subgraph-access';
import type { Subgraph } from './examples';

/**
 * Composition is work for one CPU, which a function has from 1,769 MB on; the thread that does it may fill 1,400
 * (lambdas/registry/compose-apart.ts).
 */
export const COMPOSING_MB = 2048;

const CHECK_EVERY = Duration.minutes(1);
/** Before the next one begins; all subgraphs there may be are checked in less (lambdas/registry/check-subgraphs.ts). */
const CHECK_TIMEOUT = Duration.seconds(50);

interface RegistryProps extends Foundation {
  /** Subgraphs of this deployment, which answer none but callers that sign. */
  readonly subgraphs: readonly Subgraph[];
  /** Asks the graph to plan documents ahead. */
  readonly planUrl: lambda.FunctionUrl;
}

/** The registry of subgraphs, the function that asks running services for their SDL, and the one that asks whether they are there. */
export class Registry extends Construct {
  readonly api: lambda.Function;

  constructor(scope: Construct, id: string, foundation: RegistryProps) {
    super(scope, id);
    const environment = { PRIVATE_TARGETS: foundation.stage.privateTargets ? 'on' : 'off' };
    // Outside the VPC, because whoever publishes says what it asks: a hostile address has nothing private to reach from there.
    const fetch = new GatewayFunction(this, 'Fetch', foundation, {
      code: 'fetch-sdl',
      impact: 'Subgraphs are published only with their SDL: running services are not asked for it.',
      environment,
    }).fn;
    const fetchUrl = fetch.addFunctionUrl({ authType: lambda.FunctionUrlAuthType.AWS_IAM });
    this.api = new GatewayFunction(this, 'Api', foundation, {
      code: 'registry',
      impact: 'Subgraphs cannot be published or checked; the graph in force stays in force.',
      api: true,
      database: 'gatehouse_app',
      cache: true,
      timeoutSeconds: 28,
      memoryMb: COMPOSING_MB,
      environment: { ...environment, FETCH_SDL_URL: fetchUrl.url, PLAN_DOCUMENTS_URL: foundation.planUrl.url },
    }).fn;
    for (const url of [fetchUrl, foundation.planUrl]) url.grantInvokeUrl(this.api);
    this.check(foundation);
  }

  private check(foundation: RegistryProps): void {
    const { fn } = new GatewayFunction(this, 'Check', foundation, {
      code: 'check-subgraphs',
      impact: 'Nobody sees whether subgraphs are there.',
      timeoutSeconds: CHECK_TIMEOUT.toSeconds(),
      database: 'gatehouse_app',
      cache: true,
    });
    grantSubgraphs(fn, 'check-subgraphs', foundation);
    const schedule = events.Schedule.rate(CHECK_EVERY);
    const rule = new events.Rule(this, 'EveryMinute', { schedule, targets: [new targets.LambdaFunction(fn)] });
    accept(rule, 'Serverless::Serverless-EventBusDLQ', 'the next run, a minute later, checks all of them again');
  }
}
