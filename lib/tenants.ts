import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { type Foundation, GatewayFunction } from './constructs/gateway-function';

/** Organisations, workspaces, members, roles and grants. */
export class Tenants extends Construct {
  readonly api: lambda.Function;

  constructor(scope: Construct, id: string, foundation: Foundation) {
    super(scope, id);
    this.api = new GatewayFunction(this, 'Api', foundation, {
      code: 'tenants',
      impact: 'Organisations, members and roles cannot be read or changed.',
      api: true,
      database: 'gatehouse_app',
      cache: true,
      environment: { PEPPER_SECRET: foundation.data.pepper.secretArn },
    }).fn;
    foundation.data.pepper.grantRead(this.api);
  }
}
