import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { type Foundation, GatewayFunction } from './constructs/gateway-function';

/** The audit, to be read and checked. */
export class Audit extends Construct {
  readonly api: lambda.Function;

  constructor(scope: Construct, id: string, foundation: Foundation) {
    super(scope, id);
    this.api = new GatewayFunction(this, 'Api', foundation, {
      code: 'audit',
      impact: 'The audit cannot be read; it goes on being written.',
      api: true,
      database: 'gatehouse_app',
      cache: true,
    }).fn;
  }
}
