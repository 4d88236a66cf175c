import { Duration } from 'aws-cdk-lib';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { RotationSchedule } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { type Foundation, GatewayFunction } from './constructs/gateway-function';

const ROTATE_EVERY = Duration.days(30);

/** Tokens: the function that issues them, the two authorizers that verify callers, the rotation of what signs. */
export class Auth extends Construct {
  readonly api: lambda.Function;
  readonly tokenAuthorizer: lambda.Function;
  readonly keyAuthorizer: lambda.Function;

  constructor(scope: Construct, id: string, foundation: Foundation) {
    super(scope, id);
    const { data, stage } = foundation;
    this.api = new GatewayFunction(this, 'Api', foundation, {
      code: 'auth',
      impact: 'Nobody can sign in.',
      database: 'gatehouse_app',
      memoryMb: 1024, // a password check costs 64 MB and its CPU time follows the memory
      environment: {
        SIGNING_KEYS_SECRET: data.signingKeys.secretArn,
        PASSWORD_GRANT: stage.passwordGrant ? 'on' : 'off',
      },
    }).fn;
    data.signingKeys.grantRead(this.api);

    this.tokenAuthorizer = new GatewayFunction(this, 'TokenAuthorizer', foundation, {
      code: 'token-authorizer',
      impact: 'Callers with a valid access token are refused.',
      cache: true,
      environment: { KEYS_TABLE: data.keys.tableName },
    }).fn;
    data.keys.grantReadData(this.tokenAuthorizer);

    this.keyAuthorizer = new GatewayFunction(this, 'KeyAuthorizer', foundation, {
      code: 'key-authorizer',
      impact: 'Callers with a valid API key are refused.',
      cache: true,
      environment: { KEYS_TABLE: data.keys.tableName, PEPPER_SECRET: data.pepper.secretArn },
    }).fn;
    data.keys.grantReadData(this.keyAuthorizer);
    data.pepper.grantRead(this.keyAuthorizer);

    this.rotate(foundation);
  }

  private rotate(foundation: Foundation) {
    const { data } = foundation;
    const rotate = new GatewayFunction(this, 'Rotate', foundation, {
      code: 'rotate',
      impact: 'Signing keys or the database password grow old.',
      timeoutSeconds: 60,
      database: 'owner',
      cache: true,
      environment: { SIGNING_KEYS_SECRET: data.signingKeys.secretArn, KEYS_TABLE: data.keys.tableName },
    }).fn;
    data.keys.grantWriteData(rotate);
    for (const secret of [data.signingKeys, data.database.owner]) {
      secret.grantRead(rotate);
      secret.grantWrite(rotate);
      // The schedule stands with the function, so that the stack of the stores never waits for code.
      const id = secret === data.signingKeys ? 'TurnSigningKeys' : 'RenewDatabasePassword';
      new RotationSchedule(this, id, { secret, rotationLambda: rotate, automaticallyAfter: ROTATE_EVERY });
    }
  }
}
