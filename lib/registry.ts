import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { type Foundation, GatewayFunction } from './constructs/gateway-function';

/**
 * Composition is work for one CPU, which a function has from 1,769 MB on; the thread that does it may fill 1,400
 * (lambdas/registry/compose-apart.ts).
 */
export const COMPOSING_MB = 2048;

/** The registry of subgraphs, and the function that asks running services for their SDL. */
export class Registry extends Construct {
  readonly api: lambda.Function;

  constructor(scope: Construct, id: string, foundation: Foundation) {
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
      environment: { ...environment, FETCH_SDL_URL: fetchUrl.url },
    }).fn;
    fetchUrl.grantInvokeUrl(this.api);
  }
}
