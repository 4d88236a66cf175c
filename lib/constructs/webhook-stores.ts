import { Duration } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Stage } from '../stages';
import { accept } from './accept';
import { removal } from './removal';

/** The longest that one run of the function that sends may take: an attempt of 30 s, a token and a name asked for before it. */
export const DELIVER_TIMEOUT = Duration.seconds(60);
/**
 * Until a message that a dead function has taken comes again. AWS advises six timeouts for functions that are throttled; ours
 * is held back by its event sources instead (lib/webhooks.ts), and nobody should wait six minutes for a crash of ours.
 */
const VISIBILITY = Duration.seconds(DELIVER_TIMEOUT.toSeconds() * 2);
/** As long as SQS allows. */
const RETENTION = Duration.days(14);
/** A fault of ours that lasts is mended within so long before messages leave for the dead-letter queue. */
const PATIENCE = Duration.hours(2);

/** Everything webhooks remember: two tables, and the queues of what is on its way. */
export class WebhookStores extends Construct {
  /** Endpoints, event types and what routing is made of. */
  readonly settings: dynamodb.TableV2;
  /** Events, deliveries, attempts, the state of endpoints, jobs; by `waits`, whatever waits for something. */
  readonly log: dynamodb.TableV2;
  readonly deliveries: sqs.Queue;
  readonly retries: sqs.Queue;
  readonly bulk: sqs.Queue;
  readonly deadLetters: sqs.Queue;

  constructor(
    scope: Construct,
    id: string,
    private readonly stage: Stage,
  ) {
    super(scope, id);
    this.settings = this.table('Settings');
    this.log = this.table('Log', [
      {
        indexName: WAITS_INDEX,
        partitionKey: { name: 'waits', type: dynamodb.AttributeType.STRING },
        sortKey: { name: 'at', type: dynamodb.AttributeType.STRING },
        projectionType: dynamodb.ProjectionType.KEYS_ONLY,
      },
    ]);
    this.deadLetters = this.queue('DeadLetters', undefined);
    this.deliveries = this.queue('Deliveries', this.deadLetters);
    this.retries = this.queue('Retries', this.deadLetters);
    this.bulk = this.queue('Bulk', this.deadLetters);
    accept(this.deadLetters, 'AwsSolutions::AwsSolutions-SQS3', 'it is the dead-letter queue');
    accept(this.deadLetters, 'Serverless::Serverless-SQSRedrivePolicy', 'it is the dead-letter queue');
  }

  /** Only these actions, and on the table alone: the table's own `grant` allows them on all its indexes too. */
  grantLog(grantee: iam.IGrantable, ...actions: string[]): void {
    iam.Grant.addToPrincipal({ grantee, actions, resourceArns: [this.log.tableArn] });
  }

  /** Finding what waits. */
  grantWaits(grantee: iam.IGrantable): void {
    const resourceArns = [`${this.log.tableArn}/index/${WAITS_INDEX}`];
    iam.Grant.addToPrincipal({ grantee, actions: ['dynamodb:Query'], resourceArns });
  }

  private table(name: string, globalSecondaryIndexes: dynamodb.GlobalSecondaryIndexPropsV2[] = []) {
    return new dynamodb.TableV2(this, name, {
      partitionKey: { name: 'pk', type: dynamodb.AttributeType.STRING },
      sortKey: { name: 'sk', type: dynamodb.AttributeType.STRING },
      globalSecondaryIndexes,
      timeToLiveAttribute: 'expiresAtSeconds',
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: this.stage.keepData,
      removalPolicy: removal(this.stage),
    });
  }

  private queue(name: string, deadLetters: sqs.IQueue | undefined) {
    return new sqs.Queue(this, name, {
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: RETENTION,
      removalPolicy: removal(this.stage),
      ...(deadLetters && {
        visibilityTimeout: VISIBILITY,
        deadLetterQueue: {
          queue: deadLetters,
          maxReceiveCount: Math.ceil(PATIENCE.toSeconds() / VISIBILITY.toSeconds()),
        },
      }),
    });
  }
}

/** The one index; lambdas/webhooks/stores/log.ts asks it by this name. */
export const WAITS_INDEX = 'waits';
