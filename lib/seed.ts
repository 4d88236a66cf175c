import { Duration } from 'aws-cdk-lib';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { type Foundation, GatewayFunction } from './constructs/gateway-function';
import { runOnDeploy } from './constructs/run-on-deploy';

const TIMEOUT = Duration.minutes(2);

/** Two example organisations, a login for each role and an API key, written into the secret `SeedLogins`. */
export class Seed extends Construct {
  constructor(scope: Construct, id: string, foundation: Foundation, logins: secretsmanager.ISecret) {
    super(scope, id);
    const { data, stage } = foundation;
    const { fn } = new GatewayFunction(this, 'Function', foundation, {
      code: 'seed',
      impact: 'A new deployment has no example logins.',
      timeoutSeconds: TIMEOUT.toSeconds(),
      database: 'gatehouse_auth',
      environment: {
        SEED_LOGINS_SECRET: logins.secretArn,
        PEPPER_SECRET: data.pepper.secretArn,
        KEYS_TABLE: data.keys.tableName,
        STAGE: stage.name,
      },
    });
    logins.grantRead(fn);
    logins.grantWrite(fn);
    data.pepper.grantRead(fn);
    data.keys.grant(fn, 'dynamodb:PutItem');
    runOnDeploy(this, fn, TIMEOUT);
  }
}
