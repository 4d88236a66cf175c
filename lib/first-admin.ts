import { Duration } from 'aws-cdk-lib';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { type Foundation, GatewayFunction } from './constructs/gateway-function';
import { runOnDeploy } from './constructs/run-on-deploy';
import type { Stage } from './stages';

const TIMEOUT = Duration.minutes(2);

interface FirstAdminProps extends Foundation {
  readonly admin: NonNullable<Stage['firstAdmin']>;
  readonly invitation: secretsmanager.ISecret;
}

/** The first organisation and an invitation for its administrator, written into the secret `FirstInvitation`. */
export class FirstAdmin extends Construct {
  constructor(scope: Construct, id: string, { admin, invitation, ...foundation }: FirstAdminProps) {
    super(scope, id);
    const { fn } = new GatewayFunction(this, 'Function', foundation, {
      code: 'first-admin',
      impact: 'A new deployment has nobody who may sign in.',
      timeoutSeconds: TIMEOUT.toSeconds(),
      database: 'gatehouse_auth',
      environment: { FIRST_INVITATION_SECRET: invitation.secretArn },
    });
    invitation.grantWrite(fn);
    runOnDeploy(this, fn, TIMEOUT, admin);
  }
}
