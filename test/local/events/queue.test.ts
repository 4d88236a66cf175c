import { ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { sqs } from '../../../local/aws/sqs';
import { startQueueSources, succeeded } from '../../../local/events/queue';
import { startSqs } from '../../../local/stores/sqs';
import type { Statement } from '../../../local/types';
import { allow, credentials, guardhouse, localFunction, resource, startEndpoint, until } from '../support';

const arn = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`;
const url = (name: string) => `http://queues.local/000000000000/${name}`;
const queue = (name: string, properties: object) =>
  resource('AWS::SQS::Queue', name, { ...properties }, url(name), { Arn: arn(name) });

const GRANTS = allow(['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'], arn('Jobs'));
const OTHERS = allow(['sqs:SendMessage', 'sqs:ReceiveMessage'], [arn('Jobs'), arn('Dead')]);

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

interface Event {
  readonly Records: readonly { messageId: string; body: string; attributes: Record<string, string> }[];
}

/** A queue with its dead-letter queue, and a function that answers as a test says. */
async function started(
  answer: (event: Event) => unknown,
  { mapping = {}, visibilitySeconds = 1, statements = [GRANTS] as Statement[], clockRate: rate = 1 } = {},
) {
  const events: Event[] = [];
  const fn = localFunction('worker', (event: Event) => {
    events.push(event);
    return answer(event);
  });
  const resources = [
    queue('Dead', {}),
    queue('Jobs', {
      VisibilityTimeout: visibilitySeconds,
      RedrivePolicy: { deadLetterTargetArn: arn('Dead'), maxReceiveCount: 1 },
    }),
    resource('AWS::Lambda::EventSourceMapping', 'Mapping', {
      EventSourceArn: arn('Jobs'),
      FunctionName: fn.name,
      BatchSize: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ...mapping,
    }),
  ];
  const store = await startSqs(resources, () => undefined, { rate, sinceMs: Date.now() });
  const house = guardhouse(...statements, OTHERS);
  const services = { sqs: sqs(store.port, store.urlOf) };
  const endpoint = await startEndpoint({ callerOf: house.callerOf, onDenied: house.onDenied, services });
  cleanups.push(async () => {
    await endpoint.stop();
    await store.stop();
  });
  const start = () => {
    const sources = startQueueSources({
      resources,
      functions: [fn],
      callerOf: guardhouse(...statements).callerOf,
      endpoint: endpoint.url,
      report: () => undefined,
    });
    cleanups.unshift(() => sources.stop());
  };
  const client = new SQSClient({ endpoint: endpoint.url, region: 'us-east-1', credentials, maxAttempts: 1 });
  const send = (MessageBody: string, rest = {}) =>
    client.send(new SendMessageCommand({ QueueUrl: url('Jobs'), MessageBody, ...rest }));
  const dead = async () => {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({ QueueUrl: url('Dead'), MaxNumberOfMessages: 10, VisibilityTimeout: 0 }),
    );
    return Messages.map(({ Body = '' }) => Body).toSorted();
  };
  return { events, start, send, dead };
}

const bodies = (events: readonly Event[]) =>
  events.flatMap(({ Records }) => Records.map(({ body }) => body)).toSorted();

test("a message arrives in AWS's shape, and is gone when the function ends well", async () => {
  const { events, start, send, dead } = await started(() => undefined);
  start();
  await send('hello', { MessageAttributes: { kind: { DataType: 'String', StringValue: 'greeting' } } });
  await until(() => events.length > 0);
  expect(events[0]?.Records).toEqual([
    {
      messageId: expect.any(String),
      receiptHandle: expect.any(String),
      body: 'hello',
      attributes: expect.objectContaining({ ApproximateReceiveCount: '1' }),
      messageAttributes: {
        kind: { stringValue: 'greeting', stringListValues: [], binaryListValues: [], dataType: 'String' },
      },
      md5OfBody: '5d41402abc4b2a76b9719d911017c592',
      eventSource: 'aws:sqs',
      eventSourceARN: arn('Jobs'),
      awsRegion: 'us-east-1',
    },
  ]);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect([events.length, await dead()]).toEqual([1, []]);
}, 10_000);

const failBad = ({ Records }: Event) => ({
  batchItemFailures: Records.filter(({ body }) => body.startsWith('bad')).map(({ messageId }) => ({
    itemIdentifier: messageId,
  })),
});

test('only the messages that the function names as failed go on to the dead-letter queue', async () => {
  const { start, send, dead } = await started(failBad);
  for (const body of ['good 1', 'bad 1', 'good 2', 'bad 2']) await send(body);
  start();
  await until(async () => (await dead()).length === 2, 8);
  expect(await dead()).toEqual(['bad 1', 'bad 2']);
}, 15_000);

test('a function that throws fails its whole batch', async () => {
  const { start, send, dead } = await started(() => {
    throw new Error('no');
  });
  await send('a');
  await send('b');
  start();
  await until(async () => (await dead()).length === 2, 8);
}, 15_000);

test('by a faster clock a message is hidden, and delayed, for less of our time', async () => {
  const { events, start, send, dead } = await started(failBad, { visibilitySeconds: 120, clockRate: 100 });
  start();
  const began = performance.now();
  await send('later', { DelaySeconds: 100 });
  await send('bad');
  await until(() => bodies(events).includes('later'));
  expect(performance.now() - began).toBeGreaterThanOrEqual(990);
  // Two minutes later its time has come again, and it has been handed out as often as it may.
  await until(async () => (await dead()).includes('bad'));
}, 15_000);

test('a batching window gathers what comes while it is open, up to the batch size', async () => {
  const { events, start, send } = await started(() => undefined, {
    mapping: { BatchSize: 3, MaximumBatchingWindowInSeconds: 2, ScalingConfig: { MaximumConcurrency: 1 } },
  });
  start();
  for (const body of ['1', '2', '3', '4']) await send(body);
  await until(() => bodies(events).length === 4, 8);
  expect(events.map(({ Records }) => Records.length)).toEqual([3, 1]);
}, 15_000);

test('a disabled mapping brings nothing', async () => {
  const { events, start, send } = await started(() => undefined, { mapping: { Enabled: false } });
  start();
  await send('x');
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(events).toEqual([]);
});

const batch = ['a', 'b', 'c'].map((MessageId) => ({ MessageId }));

test.each([
  ['no answer', undefined, 'abc'],
  ['a null list', { batchItemFailures: null }, 'abc'],
  ['an empty list', { batchItemFailures: [] }, 'abc'],
  ['no list of that name', { other: [] }, 'abc'],
  ['one failure', { batchItemFailures: [{ itemIdentifier: 'b' }] }, 'ac'],
  ['an unknown id', { batchItemFailures: [{ itemIdentifier: 'b' }, { itemIdentifier: 'x' }] }, ''],
  ['an empty id', { batchItemFailures: [{ itemIdentifier: '' }] }, ''],
  ['a null id', { batchItemFailures: [{ itemIdentifier: null }] }, ''],
  ['another key', { batchItemFailures: [{ id: 'b' }] }, ''],
  ['what is no list', { batchItemFailures: 'b' }, ''],
])('a function that answers with %s has done what AWS would take as done', (_, answer, done) => {
  expect(
    succeeded(batch, answer, true)
      .map(({ MessageId }) => MessageId)
      .join(''),
  ).toBe(done);
  expect(succeeded(batch, answer, false)).toEqual(batch);
});

test.each([
  ['FilterCriteria', { mapping: { FilterCriteria: { Filters: [] } } }],
  ['sqs:DeleteMessage', { statements: [allow('sqs:ReceiveMessage', arn('Jobs'))] }],
  ['visibility timeout', { visibilitySeconds: 0 }],
  [
    'only functions and SQS queues',
    { mapping: { EventSourceArn: 'arn:aws:dynamodb:us-east-1:000000000000:table/T/stream/x' } },
  ],
])('%s stops the start, naming the mapping', async (why, options) => {
  const { start } = await started(() => undefined, options);
  expect(start).toThrow(why);
  expect(start).toThrow('Test/Mapping');
});
