import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { type Foundation, GatewayFunction } from './constructs/gateway-function';

/** Health, readiness, metrics and the API reference. */
export class Platform extends Construct {
  readonly api: lambda.Function;

  constructor(scope: Construct, id: string, foundation: Foundation) {
    super(scope, id);
    const { data, stage } = foundation;
    this.api = new GatewayFunction(this, 'Api', foundation, {
      code: 'platform',
      impact: 'Probes, metrics and the API reference fail.',
      api: true,
      database: 'gatehouse_app',
      cache: true,
      environment: { KEYS_TABLE: data.keys.tableName, STAGE: stage.name },
    }).fn;
    data.keys.grant(this.api, 'dynamodb:GetItem');
  }
}
