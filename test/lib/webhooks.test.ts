import { MEMORY_MB } from '../../bench/webhooks/cost/model';
import { STAGE_NAMES } from '../../lib/stages';
import { stages } from '../support/synthesize';
import { at, type Deployed, list, type Resource, text } from '../support/template';

const LANES = ['WebhooksDeliveries', 'WebhooksRetries', 'WebhooksBulk'];
const DEAD = 'WebhooksDeadLetters';
const DAY_SECONDS = 86_400;

const nameOf = ({ id }: Resource) => id.replace(/[0-9A-F]{8}$/, '');
const named = (all: readonly Resource[], name: string): Resource => {
  const found = all.find((resource) => nameOf(resource) === name);
  if (!found) throw new Error(`there is no ${name}`);
  return found;
};
const queues = (deployed: Deployed) => deployed.of('AWS::SQS::Queue');
const lanes = (deployed: Deployed) => LANES.map((name) => named(queues(deployed), name));
const functions = (deployed: Deployed) =>
  deployed.of('AWS::Lambda::Function').filter(({ id, stack }) => stack === 'Services' && id.startsWith('Webhooks'));
const deliverOf = (deployed: Deployed) => named(functions(deployed), 'WebhooksDeliverFunction');
const mappings = (deployed: Deployed) => deployed.of('AWS::Lambda::EventSourceMapping');

describe.each(STAGE_NAMES)('webhooks of %s', (name) => {
  test('are at most four functions, three queues with one for dead letters, two tables and one index', () => {
    const tables = stages[name].of('AWS::DynamoDB::GlobalTable').filter(({ id }) => id.startsWith('Webhooks'));
    expect(functions(stages[name]).length).toBeLessThanOrEqual(4);
    expect(queues(stages[name]).map(nameOf).toSorted()).toEqual([...LANES, DEAD].toSorted());
    expect(tables).toHaveLength(2);
    expect(tables.flatMap(({ Properties }) => list(Properties.GlobalSecondaryIndexes))).toHaveLength(1);
  });

  test('hide a message for twice as long as a run may take: no second run begins while the first goes on', () => {
    const timeout = Number(deliverOf(stages[name]).Properties.Timeout);
    for (const { Properties } of lanes(stages[name])) expect(Properties.VisibilityTimeout).toBe(2 * timeout);
  });

  test('bear a fault of ours for two hours before a message is a dead letter', () => {
    for (const { Properties } of lanes(stages[name])) {
      const receives = Number(at(Properties.RedrivePolicy, 'maxReceiveCount'));
      expect(receives * Number(Properties.VisibilityTimeout)).toBe(7_200);
      expect(stages[name].readable(at(Properties.RedrivePolicy, 'deadLetterTargetArn'))).toBe(DEAD);
    }
  });

  // SQS counts the age of a dead letter from when it was first sent.
  test('keep messages for as long as SQS can, and dead letters no shorter', () => {
    expect(queues(stages[name]).map(({ Properties }) => Properties.MessageRetentionPeriod)).toEqual(
      queues(stages[name]).map(() => 14 * DAY_SECONDS),
    );
  });

  test('are encrypted on every queue, and taken over TLS only', () => {
    const policies = stages[name].of('AWS::SQS::QueuePolicy').map(({ Properties }) => Properties);
    for (const queue of queues(stages[name])) {
      expect(queue.Properties.SqsManagedSseEnabled).toBe(true);
      const own = policies.filter(({ Queues }) => list(Queues).some((each) => at(each, 'Ref') === queue.id));
      expect(own.flatMap(({ PolicyDocument }) => list(at(PolicyDocument, 'Statement')))).toContainEqual(
        expect.objectContaining({
          Effect: 'Deny',
          Principal: { AWS: '*' },
          Action: 'sqs:*',
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        }),
      );
    }
  });

  test('are sent by one function from all three queues, which keeps back what it could not do alone', () => {
    const { id } = deliverOf(stages[name]);
    expect(mappings(stages[name]).map(({ Properties }) => at(Properties.FunctionName, 'Ref'))).toEqual([id, id, id]);
    expect(
      mappings(stages[name])
        .map(({ Properties }) => stages[name].readable(Properties.EventSourceArn))
        .toSorted(),
    ).toEqual(LANES.toSorted());
    for (const { Properties } of mappings(stages[name]))
      expect(Properties.FunctionResponseTypes).toEqual(['ReportBatchItemFailures']);
  });

  // Without a limit of their own, mappings share the account's, and a throttled message comes nearer to the dead letters.
  test('are worked on by so many runs of each queue at most', () => {
    for (const { Properties } of mappings(stages[name]))
      expect(Number(at(Properties.ScalingConfig, 'MaximumConcurrency'))).toBeGreaterThanOrEqual(2);
  });

  test('are sent with as much memory as the cost model says', () => {
    expect(deliverOf(stages[name]).Properties.MemorySize).toBe(MEMORY_MB);
  });

  test('are sent from outside the VPC, where a hostile address has nothing private to reach', () => {
    expect(deliverOf(stages[name]).Properties).not.toHaveProperty('VpcConfig');
  });
});

const alarmOn = (metric: string, queue: string) => {
  const alarms = stages.prod.of('AWS::CloudWatch::Alarm').map(({ Properties }) => Properties);
  return alarms.find(
    ({ MetricName, Dimensions }) =>
      MetricName === metric && list(Dimensions).some((each) => stages.prod.readable(at(each, 'Value')) === queue),
  );
};

test('the first dead letter rings', () => {
  const alarm = alarmOn('ApproximateNumberOfMessagesVisible', DEAD);
  expect(alarm).toMatchObject({ Statistic: 'Maximum', Threshold: 1, EvaluationPeriods: 1 });
  expect(text(alarm?.AlarmName)).toMatch(/Webhook dead letters: dead-letters$/);
});

test.each([
  ['WebhooksDeliveries', 600],
  ['WebhooksBulk', 600],
  // The longest delay of SQS is no lateness.
  ['WebhooksRetries', 900 + 600],
])('a message of %s that is ten minutes late rings', (queue, threshold) => {
  expect(alarmOn('ApproximateAgeOfOldestMessage', queue)).toMatchObject({ Statistic: 'Maximum', Threshold: threshold });
});

test('ten minutes without a sweep ring', () => {
  const alarm = stages.prod
    .of('AWS::CloudWatch::Alarm')
    .map(({ Properties }) => Properties)
    .find(({ AlarmName }) => text(AlarmName).endsWith('Sweep not running: sweep'));
  expect(alarm).toMatchObject({ Threshold: 1, EvaluationPeriods: 2 });
  const metrics = list(alarm?.Metrics);
  expect(metrics.map((metric) => at(metric, 'Expression'))).toContain('IF(FILL(runs, 0) < 1, 1, 0)');
  expect(metrics.map((metric) => at(metric, 'MetricStat', 'Metric', 'MetricName'))).toContain('Invocations');
});

test('all queues are on the dashboard', () => {
  const body = JSON.stringify(stages.prod.of('AWS::CloudWatch::Dashboard'));
  expect(body).toContain('webhook queues');
  for (const metric of ['ApproximateAgeOfOldestMessage', 'ApproximateNumberOfMessagesVisible'])
    expect(body).toContain(metric);
});
