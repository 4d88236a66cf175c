import { Duration } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { settingsOf } from '../lambdas/shared/credentials/issuer-fields';
import { accept } from './constructs/accept';
import { type Foundation, GatewayFunction } from './constructs/gateway-function';
import { runOnDeploy } from './constructs/run-on-deploy';
import type { Stage } from './stages';

const REFRESH_EVERY = Duration.minutes(10);
const REFRESH_TIMEOUT = Duration.minutes(5);

/** External issuers: who is trusted, and the function that fetches their keys. */
export class Issuers extends Construct {
  readonly api: lambda.Function;
  private readonly keysUrl: lambda.FunctionUrl;

  constructor(scope: Construct, id: string, foundation: Foundation) {
    super(scope, id);
    const { data, stage } = foundation;
    // Outside the VPC, because tenants say what it fetches: a hostile address has nothing private to reach from there.
    const keys = new GatewayFunction(this, 'Keys', foundation, {
      code: 'issuer-keys',
      impact: 'Keys of external issuers are not fetched; those known go on.',
      environment: { PRIVATE_TARGETS: stage.privateTargets ? 'on' : 'off' },
    }).fn;
    this.keysUrl = keys.addFunctionUrl({ authType: lambda.FunctionUrlAuthType.AWS_IAM });

    this.api = new GatewayFunction(this, 'Api', foundation, {
      code: 'issuers',
      impact: 'External issuers cannot be added, changed or listed; those there are go on working.',
      api: true,
      database: 'gatehouse_app',
      cache: true,
      timeoutSeconds: 20,
      environment: { KEYS_TABLE: data.keys.tableName },
    }).fn;
    data.keys.grant(this.api, 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:DeleteItem');
    this.grantFetch(this.api);
    this.refresh(foundation);
  }

  /** Lets `fn` have keys fetched, and tells it where. */
  grantFetch(fn: lambda.Function): void {
    this.keysUrl.grantInvokeUrl(fn);
    fn.addEnvironment('ISSUER_KEYS_URL', this.keysUrl.url);
  }

  private refresh(foundation: Foundation): void {
    const { data, stage } = foundation;
    const { fn } = new GatewayFunction(this, 'Refresh', foundation, {
      code: 'refresh-issuers',
      impact: 'Keys of external issuers grow old; tokens signed with new ones may wait.',
      timeoutSeconds: REFRESH_TIMEOUT.toSeconds(),
      database: 'gatehouse_auth',
      cache: true,
      environment: { KEYS_TABLE: data.keys.tableName },
    });
    data.keys.grant(fn, 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:DeleteItem');
    this.grantFetch(fn);
    const schedule = events.Schedule.rate(REFRESH_EVERY);
    const rule = new events.Rule(this, 'EveryTenMinutes', { schedule, targets: [new targets.LambdaFunction(fn)] });
    accept(rule, 'Serverless::Serverless-EventBusDLQ', 'the next run, ten minutes later, does what this one did not');
    runOnDeploy(this, fn, REFRESH_TIMEOUT, { issuers: JSON.stringify(saidBy(stage)) });
  }
}

/** The issuers of the stage as the function reads them. */
const saidBy = ({ issuers = [] }: Stage) =>
  issuers.map(({ organisations, ...fields }) => ({ settings: settingsOf(fields), belongs: { organisations } }));
