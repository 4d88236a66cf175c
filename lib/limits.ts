import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { type Foundation, GatewayFunction } from './constructs/gateway-function';

/** Where callers stand with their limits, and what these are. */
export class Limits extends Construct {
  readonly api: lambda.Function;

  constructor(scope: Construct, id: string, foundation: Foundation) {
    super(scope, id);
    this.api = new GatewayFunction(this, 'Api', foundation, {
      code: 'limits',
      impact: 'Limits and plans cannot be read or changed; those in force stay in force.',
      api: true,
      database: 'gatehouse_app',
      cache: true,
    }).fn;
  }
}
