import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { type Foundation, GatewayFunction } from './constructs/gateway-function';

const ROTATE_EVERY = 'rate(30 days)';

/** Who calls: the function that signs people in, the authorizer that knows them again, the rotation of what signs. */
export class Auth extends Construct {
  readonly api: lambda.Function;
  readonly authorizer: lambda.Function;

  constructor(scope: Construct, id: string, foundation: Foundation) {
    super(scope, id);
    const { data, stage } = foundation;
    this.api = new GatewayFunction(this, 'Api', foundation, {
      code: 'auth',
      impact: 'Nobody can sign in.',
      api: true,
      database: 'gatehouse_auth',
      cache: true,
      memoryMb: 1024, // a password check costs 64 MB and its CPU time follows the memory
      environment: {
        SIGNING_KEYS_SECRET: data.signingKeys.secretArn,
        PEPPER_SECRET: data.pepper.secretArn,
        PASSWORD_GRANT: stage.passwordGrant ? 'on' : 'off',
      },
    }).fn;
    data.signingKeys.grantRead(this.api);
    data.pepper.grantRead(this.api);

    this.authorizer = new GatewayFunction(this, 'Authorizer', foundation, {
      code: 'authorizer',
      impact: 'Callers with valid credentials are refused.',
      cache: true,
      environment: {
        KEYS_TABLE: data.keys.tableName,
        PEPPER_SECRET: data.pepper.secretArn,
        // Reading its source map is 4 ms of a cold start that every caller may wait for.
        NODE_OPTIONS: '',
      },
    }).fn;
    data.keys.grant(this.authorizer, 'dynamodb:GetItem');
    data.pepper.grantRead(this.authorizer);

    this.rotate(foundation);
  }

  private rotate(foundation: Foundation) {
    const { data } = foundation;
    const { fn } = new GatewayFunction(this, 'Rotate', foundation, {
      code: 'rotate',
      impact: 'Signing keys or the database password grow old.',
      timeoutSeconds: 60,
      database: 'owner',
      cache: true,
      errorsToAlarm: 1,
      environment: {
        SIGNING_KEYS_SECRET: data.signingKeys.secretArn,
        SUBGRAPH_KEY_SECRET: data.subgraphKey.secretArn,
        KEYS_TABLE: data.keys.tableName,
      },
    });
    data.keys.grant(fn, 'dynamodb:PutItem');
    fn.addPermission('SecretsManager', {
      principal: new iam.ServicePrincipal('secretsmanager.amazonaws.com'),
      sourceAccount: Stack.of(this).account,
    });
    // The secret is made empty: nothing can be signed before the first turn.
    this.schedule('TurnSigningKeys', fn, data.signingKeys, { isImmediate: true });
    // It is drawn when it is made: the first turn only adds the key to come.
    this.schedule('TurnSubgraphKey', fn, data.subgraphKey, { isImmediate: false });
    // At once it would race with the migrations, which read the same login.
    this.schedule('RenewDatabasePassword', fn, data.database.owner, { isImmediate: false });
  }

  /**
   * The schedule stands with the function, so that the stack of the stores never waits for code. (CDK's own construct
   * writes a policy into the secret's stack, and lets every account's Secrets Manager invoke the function.)
   */
  private schedule(
    id: string,
    fn: lambda.Function,
    secret: secretsmanager.ISecret,
    { isImmediate }: { readonly isImmediate: boolean },
  ) {
    secret.grantRead(fn);
    secret.grantWrite(fn);
    const schedule = new secretsmanager.CfnRotationSchedule(this, id, {
      secretId: secret.secretArn,
      rotationLambdaArn: fn.functionArn,
      rotateImmediatelyOnUpdate: isImmediate,
      rotationRules: { scheduleExpression: ROTATE_EVERY },
    });
    // Secrets Manager tries the function when the schedule is made.
    schedule.node.addDependency(fn);
  }
}
