import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { type Monitoring, PERIOD } from './monitoring';
import type { WebhookStores } from './webhook-stores';

/** How long a message may be due and not be done. Half an hour of lateness is a morning of questions. */
const LATE_SECONDS = 600;
/** A retry stands in its queue for up to 15 minutes before it is due, and SQS counts its age from when it was sent. */
const LONGEST_DELAY_SECONDS = 900;

const oldest = (queue: sqs.IQueue) =>
  queue.metricApproximateAgeOfOldestMessage({ statistic: 'Maximum', period: PERIOD });
const visible = (queue: sqs.IQueue) =>
  queue.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum', period: PERIOD });

/** The alarms of the queues of webhooks, and their row on the dashboard. */
export function watchQueues(monitoring: Monitoring, { deliveries, retries, bulk, deadLetters }: WebhookStores): void {
  const late = (subject: string, queue: sqs.IQueue, threshold: number, impact: string) =>
    monitoring.alarm('Webhooks late', subject, { metric: oldest(queue), threshold, impact });
  late('deliveries', deliveries, LATE_SECONDS, 'Events reach the endpoints of tenants more than ten minutes late.');
  late(
    'retries',
    retries,
    LONGEST_DELAY_SECONDS + LATE_SECONDS,
    'Endpoints that failed or are slow wait ten minutes longer for what they have missed.',
  );
  late('bulk', bulk, LATE_SECONDS, 'Endpoints that take batches get them more than ten minutes late.');
  monitoring.alarm('Webhook dead letters', 'dead-letters', {
    metric: visible(deadLetters),
    threshold: 1,
    impact: 'Deliveries have stopped by a fault of ours and go on only when somebody moves them back.',
  });
  const lanes = [deliveries, retries, bulk];
  monitoring.row('webhook queues', lanes.map(oldest), lanes.map(visible), [visible(deadLetters)]);
}

/** Two periods, so that a deploy or a minute of AWS's own does not ring. */
const SILENT_PERIODS = 2;

/** Rings when the sweep does not run at all: its failures ring as every function's do, and nobody else would notice its silence. */
export function watchSweep(monitoring: Monitoring, sweep: lambda.IFunction, impact: string): void {
  const silent = new cloudwatch.MathExpression({
    label: 'no sweep',
    // Where there is no run there is no data either.
    expression: 'IF(FILL(runs, 0) < 1, 1, 0)',
    usingMetrics: { runs: sweep.metricInvocations({ period: PERIOD }) },
    period: PERIOD,
  });
  monitoring.alarm('Sweep not running', 'sweep', { metric: silent, threshold: 1, periods: SILENT_PERIODS, impact });
}
