import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { type Foundation, GatewayFunction } from './constructs/gateway-function';

/** API keys and OAuth clients. */
export class Keys extends Construct {
  readonly api: lambda.Function;

  constructor(scope: Construct, id: string, foundation: Foundation) {
    super(scope, id);
    const { data, stage } = foundation;
    this.api = new GatewayFunction(this, 'Api', foundation, {
      code: 'keys',
      impact: 'API keys cannot be made, changed or listed; those there are go on working.',
      api: true,
      database: 'gatehouse_app',
      cache: true,
      environment: { KEYS_TABLE: data.keys.tableName, PEPPER_SECRET: data.pepper.secretArn, STAGE: stage.name },
    }).fn;
    data.keys.grant(this.api, 'dynamodb:PutItem', 'dynamodb:DeleteItem');
    data.pepper.grantRead(this.api);
  }
}
