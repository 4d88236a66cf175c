import { Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';

export interface AlarmProps {
  readonly metric: cloudwatch.IMetric;
  readonly threshold: number;
  /** How many five-minute periods must be over the threshold. @default 1 */
  readonly periods?: number;
  /** What a person loses while this rings. */
  readonly impact: string;
}

export const PERIOD = Duration.minutes(5);

/** The alarms and the dashboard of one stack. Whatever is made here is watched; nothing has to remember to join. */
export class Monitoring extends Construct {
  private readonly dashboard: cloudwatch.Dashboard;

  constructor(
    scope: Construct,
    id: string,
    private readonly topic: sns.ITopic,
  ) {
    super(scope, id);
    this.dashboard = new cloudwatch.Dashboard(this, 'Dashboard', { defaultInterval: Duration.hours(12) });
  }

  /** An alarm called `<stack> <kind>: <subject>`; `kind` is a heading of docs/runbook.md. */
  alarm(kind: string, subject: string, { metric, threshold, periods = 1, impact }: AlarmProps): void {
    const alarm = new cloudwatch.Alarm(this, `${kind} ${subject}`, {
      alarmName: `${Stack.of(this).stackName} ${kind}: ${subject}`,
      alarmDescription: `${impact} See "${kind}" in docs/runbook.md.`,
      metric,
      threshold,
      evaluationPeriods: periods,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    });
    const action = new SnsAction(this.topic);
    alarm.addAlarmAction(action);
    alarm.addOkAction(action);
  }

  /** One row of graphs on the dashboard. */
  row(title: string, ...graphs: (readonly cloudwatch.IMetric[])[]): void {
    const width = Math.floor(24 / graphs.length);
    this.dashboard.addWidgets(
      ...graphs.map(
        (left, graph) => new cloudwatch.GraphWidget({ title: graph === 0 ? title : '', width, left: [...left] }),
      ),
    );
  }
}
