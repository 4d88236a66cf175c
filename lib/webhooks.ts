import { Duration } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Construct } from 'constructs';
import { accept } from './constructs/accept';
import { type Foundation, GatewayFunction } from './constructs/gateway-function';
import { watchQueues, watchSweep } from './constructs/webhook-alarms';
import { DELIVER_TIMEOUT } from './constructs/webhook-stores';

/** Attempts that one run makes at the same time; they wait for others' servers nearly all of their time. */
const BATCH = 10;
/** Runs at a time, of each lane: beyond it messages wait in the queue. SQS allows no less than 2. */
const MOST_RUNS = { deliveries: 50, retries: 20, bulk: 10 } as const;
/** How many events a batch of one endpoint gathers, and how long it waits for them. */
const BULK = { batchSize: 100, maxBatchingWindow: Duration.seconds(1) };

const SWEEP_EVERY = Duration.minutes(1);
/** Before the next one begins. */
const SWEEP_TIMEOUT = Duration.seconds(55);

/** Webhooks: the API, the function that sends, and the one that sees to what waits. */
export class Webhooks extends Construct {
  readonly api: lambda.Function;
  private readonly environment: Readonly<Record<string, string>>;

  constructor(scope: Construct, id: string, foundation: Foundation) {
    super(scope, id);
    const { data, stage } = foundation;
    const { settings, log, deliveries, retries, bulk } = data.webhooks;
    this.environment = {
      WEBHOOKS_TABLE: settings.tableName,
      WEBHOOK_LOG_TABLE: log.tableName,
      DELIVERIES_QUEUE: deliveries.queueUrl,
      RETRIES_QUEUE: retries.queueUrl,
      BULK_QUEUE: bulk.queueUrl,
      WEBHOOK_KEYS_SECRET: data.webhookKeys.secretArn,
      PRIVATE_TARGETS: stage.privateTargets ? 'on' : 'off',
      TARGET_PORTS: stage.webhookPorts,
    };
    this.api = new GatewayFunction(this, 'Api', foundation, {
      code: 'webhooks',
      impact: 'Events are not taken and endpoints cannot be changed; what was taken goes on being delivered.',
      api: true,
      database: 'gatehouse_app',
      cache: true,
      timeoutSeconds: 28,
      environment: this.environment,
    }).fn;
    settings.grant(this.api, ...READ, 'dynamodb:Query', ...WRITE, 'dynamodb:DeleteItem');
    data.webhooks.grantLog(this.api, ...READ, 'dynamodb:BatchGetItem', 'dynamodb:Query', ...WRITE);
    data.webhooks.grantWaits(this.api);
    for (const queue of [deliveries, retries, bulk]) queue.grant(this.api, 'sqs:SendMessage');
    data.webhookKeys.grantRead(this.api);
    this.deliver(foundation);
    this.sweep(foundation);
    watchQueues(foundation.monitoring, data.webhooks);
  }

  private deliver(foundation: Foundation): void {
    const { webhooks } = foundation.data;
    const { settings, deliveries, retries, bulk } = webhooks;
    // Outside the VPC: a hostile address has nothing private to reach from there.
    const { fn } = new GatewayFunction(this, 'Deliver', foundation, {
      code: 'deliver',
      impact: 'Webhooks are late: nothing is lost, and attempts go on once it works again.',
      timeoutSeconds: DELIVER_TIMEOUT.toSeconds(),
      environment: this.environment,
    });
    settings.grant(fn, ...READ, 'dynamodb:Query', ...WRITE);
    webhooks.grantLog(fn, ...READ, 'dynamodb:BatchGetItem', ...WRITE, 'dynamodb:BatchWriteItem');
    for (const queue of [deliveries, retries, bulk]) queue.grant(fn, 'sqs:SendMessage');
    foundation.data.webhookKeys.grantRead(fn);
    const source = { reportBatchItemFailures: true };
    fn.addEventSource(
      new SqsEventSource(deliveries, { ...source, batchSize: BATCH, maxConcurrency: MOST_RUNS.deliveries }),
    );
    fn.addEventSource(new SqsEventSource(retries, { ...source, batchSize: BATCH, maxConcurrency: MOST_RUNS.retries }));
    fn.addEventSource(new SqsEventSource(bulk, { ...source, ...BULK, maxConcurrency: MOST_RUNS.bulk }));
    accept(
      fn,
      'Serverless::Serverless-LambdaEventSourceMappingDestination',
      'what fails goes to the dead-letter queue of its queue',
    );
  }

  private sweep(foundation: Foundation): void {
    const { webhooks } = foundation.data;
    const { settings, deliveries, retries, bulk } = webhooks;
    const { fn } = new GatewayFunction(this, 'Sweep', foundation, {
      code: 'sweep',
      impact: SWEEP_IMPACT,
      timeoutSeconds: SWEEP_TIMEOUT.toSeconds(),
      environment: this.environment,
    });
    watchSweep(foundation.monitoring, fn, SWEEP_IMPACT);
    settings.grant(fn, ...READ, 'dynamodb:Query', ...WRITE);
    webhooks.grantLog(fn, ...READ, 'dynamodb:BatchGetItem', 'dynamodb:Query', ...WRITE);
    webhooks.grantWaits(fn);
    for (const queue of [deliveries, retries, bulk]) queue.grant(fn, 'sqs:SendMessage');
    const schedule = events.Schedule.rate(SWEEP_EVERY);
    const rule = new events.Rule(this, 'EveryMinute', { schedule, targets: [new targets.LambdaFunction(fn)] });
    accept(rule, 'Serverless::Serverless-EventBusDLQ', 'the next run, a minute later, sees to all that is due');
  }
}

const SWEEP_IMPACT =
  'Webhooks that wait for longer than 15 minutes are late, and endpoints that work again are not asked.';
const READ = ['dynamodb:GetItem'];
const WRITE = ['dynamodb:PutItem', 'dynamodb:UpdateItem'];
