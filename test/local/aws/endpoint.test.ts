import {
  BatchWriteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { GetQueueUrlCommand, SendMessageBatchCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { dynamoDb } from '../../../local/aws/dynamodb';
import { sqs } from '../../../local/aws/sqs';
import { type DynamoDbStore, startDynamoDb } from '../../../local/stores/dynamodb';
import { type SqsStore, startSqs } from '../../../local/stores/sqs';
import type { Running, Statement } from '../../../local/types';
import { allow, credentials, guardhouse, PRINCIPAL, resource, startEndpoint, temporaryFolder } from '../support';

const folder = temporaryFolder();
const again = temporaryFolder();
const TABLE_ARN = 'arn:aws:dynamodb:us-east-1:000000000000:table/Orders';
const QUEUE_ARN = 'arn:aws:sqs:us-east-1:000000000000:Jobs';
const QUEUE_URL = 'http://queues.local/000000000000/Jobs';

const table = resource(
  'AWS::DynamoDB::GlobalTable',
  'Orders',
  {
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    AttributeDefinitions: ['pk', 'sk', 'owner'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    GlobalSecondaryIndexes: [
      {
        IndexName: 'byOwner',
        KeySchema: [{ AttributeName: 'owner', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'ALL' },
      },
    ],
    TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
    BillingMode: 'PAY_PER_REQUEST',
    Replicas: [{ Region: 'us-east-1' }],
  },
  'Orders',
  { Arn: TABLE_ARN },
);
const resources = [
  table,
  resource('AWS::SQS::Queue', 'Jobs', { VisibilityTimeout: 60 }, QUEUE_URL, { Arn: QUEUE_ARN }),
];

const house = guardhouse();
const policies: Statement[] = [];
let stores: [DynamoDbStore, SqsStore];
let endpoint: Running & { url: string };

const crash = (error: Error) => {
  throw error;
};

beforeAll(async () => {
  stores = await Promise.all([startDynamoDb(folder, resources, crash), startSqs(resources, crash)]);
  endpoint = await startEndpoint({
    onDenied: house.onDenied,
    callerOf: (key) => {
      const caller = house.callerOf(key);
      return caller && { ...caller, statements: policies };
    },
    services: {
      dynamodb: dynamoDb(stores[0].port, stores[0].partitionKeyOf),
      sqs: sqs(stores[1].port, stores[1].urlOf),
    },
  });
});

afterAll(async () => {
  await endpoint.stop();
  await Promise.all(stores.map((store) => store.stop()));
});

beforeEach(() => {
  house.denials.length = 0;
});

const grant = (...statements: Statement[]) => void policies.splice(0, policies.length, ...statements);

const options = () => ({ endpoint: endpoint.url, region: 'us-east-1', credentials, maxAttempts: 1 });
const database = () => new DynamoDBClient(options());
const queue = () => new SQSClient(options());
const item = (pk: string, owner = 'alice') => ({ pk: { S: pk }, sk: { S: 'a' }, owner: { S: owner } });

test("the SDK's own client reads what it wrote", async () => {
  grant(allow(['dynamodb:PutItem', 'dynamodb:GetItem'], TABLE_ARN));
  await database().send(new PutItemCommand({ TableName: 'Orders', Item: item('one') }));
  const { Item } = await database().send(
    new GetItemCommand({ TableName: 'Orders', Key: { pk: { S: 'one' }, sk: { S: 'a' } } }),
  );
  expect(Item).toEqual(item('one'));
});

test('a call without a grant is refused, naming principal, action and resource, and is recorded', async () => {
  grant(allow('dynamodb:GetItem', TABLE_ARN));
  const refused = database().send(new PutItemCommand({ TableName: 'Orders', Item: item('two') }));
  await expect(refused).rejects.toMatchObject({
    name: 'AccessDeniedException',
    message: `User: ${PRINCIPAL} is not authorized to perform: dynamodb:PutItem on resource: ${TABLE_ARN} because no identity-based policy allows the dynamodb:PutItem action`,
  });
  expect(house.denials).toEqual([{ principal: PRINCIPAL, action: 'dynamodb:PutItem', resource: TABLE_ARN }]);
});

const queryByOwner = () =>
  database().send(
    new QueryCommand({
      TableName: 'Orders',
      IndexName: 'byOwner',
      KeyConditionExpression: '#o = :o',
      ExpressionAttributeNames: { '#o': 'owner' },
      ExpressionAttributeValues: { ':o': { S: 'alice' } },
    }),
  );

test('an index needs a grant of its own', async () => {
  grant(allow('dynamodb:Query', TABLE_ARN));
  await expect(queryByOwner()).rejects.toThrow(`${TABLE_ARN}/index/byOwner`);
  grant(allow('dynamodb:Query', `${TABLE_ARN}/index/*`));
  expect((await queryByOwner()).Count).toBe(1);
});

const putIn = (pk: string) => new PutItemCommand({ TableName: 'Orders', Item: item(pk) });
const batchInto = (pk: string) =>
  new BatchWriteItemCommand({
    RequestItems: { Orders: [{ PutRequest: { Item: item('mine') } }, { PutRequest: { Item: item(pk) } }] },
  });
const queryFor = (pk: string) =>
  new QueryCommand({
    TableName: 'Orders',
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': { S: pk } },
  });

test('dynamodb:LeadingKeys keeps a caller to its own partition, in reads, writes, queries and batches', async () => {
  const Condition = { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['mine'] } };
  grant(allow('dynamodb:*', [TABLE_ARN, `${TABLE_ARN}/index/*`], { Condition }));
  await database().send(putIn('mine'));
  await database().send(queryFor('mine'));
  await expect(database().send(putIn('yours'))).rejects.toThrow('not authorized');
  await expect(database().send(batchInto('yours'))).rejects.toThrow('dynamodb:BatchWriteItem');
  await expect(database().send(queryFor('yours'))).rejects.toThrow('dynamodb:Query');
});

test('a transaction needs the single actions, and says that it is not emulated', async () => {
  const transaction = new TransactWriteItemsCommand({
    TransactItems: [{ Put: { TableName: 'Orders', Item: item('t') } }],
  });
  grant(allow('dynamodb:TransactWriteItems', TABLE_ARN));
  await expect(database().send(transaction)).rejects.toThrow('dynamodb:PutItem');
  grant(allow('dynamodb:PutItem', TABLE_ARN));
  await expect(database().send(transaction)).rejects.toMatchObject({
    name: 'NotEmulatedLocally',
    message: expect.stringContaining('dynamodb:TransactWriteItems'),
  });
});

test('a batch of messages needs sqs:SendMessage, which is what AWS checks', async () => {
  const batch = new SendMessageBatchCommand({ QueueUrl: QUEUE_URL, Entries: [{ Id: 'a', MessageBody: 'hello' }] });
  grant(allow('sqs:SendMessageBatch', QUEUE_ARN));
  await expect(queue().send(batch)).rejects.toThrow(`sqs:SendMessage on resource: ${QUEUE_ARN}`);
  grant(allow('sqs:SendMessage', QUEUE_ARN));
  expect((await queue().send(batch)).Successful).toHaveLength(1);
});

test('a queue is known by the URL of its Ref and by no other', async () => {
  grant(allow('sqs:*', QUEUE_ARN));
  expect((await queue().send(new GetQueueUrlCommand({ QueueName: 'Jobs' }))).QueueUrl).toBe(QUEUE_URL);
  const elsewhere = new SendMessageCommand({ QueueUrl: 'http://elsewhere/000000000000/Jobs', MessageBody: 'x' });
  await expect(queue().send(elsewhere)).rejects.toThrow('does not exist');
});

/** A request as no SDK would make it. */
const raw = (headers: Record<string, string>, body: string) => fetch(endpoint.url, { method: 'POST', headers, body });
const signed = (service: string) => ({
  authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`,
});

test.each([
  ['without a signature', {}, '{}', 403, 'MissingAuthenticationTokenException'],
  [
    'by a key that was never given out',
    { authorization: signed('sqs').authorization.replace('AKIA', 'AKIB') },
    '{}',
    403,
    'UnrecognizedClientException',
  ],
  [
    'to a service that is not there',
    { ...signed('monitoring'), 'x-amz-target': 'GraniteService.PutMetricData' },
    '{}',
    501,
    'NotEmulatedLocally',
  ],
  ['to a service named like a property of objects', signed('constructor'), '{}', 501, 'NotEmulatedLocally'],
  [
    'with half a JSON',
    { ...signed('sqs'), 'content-type': 'application/x-amz-json-1.0' },
    '{"QueueUrl":',
    400,
    'SerializationException',
  ],
])('a request %s is answered with an error', async (_, headers, body, status, type) => {
  const response = await raw(headers, body);
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ __type: type });
});

test.each([
  'GetItem',
  'PutItem',
  'Query',
  'Scan',
  'BatchWriteItem',
  'TransactWriteItems',
  'CreateTable',
  'Nonsense',
  '',
])('malformed input to dynamodb:%s gets an answer, and the next request is served', async (action) => {
  grant(allow('*', '*'));
  const headers = {
    ...signed('dynamodb'),
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-date': '20260101T000000Z',
  };
  for (const body of [
    '[]',
    'null',
    '"x"',
    '{"TableName":5,"Key":[],"RequestItems":[1],"TransactItems":"x"}',
    '{"Key":{"pk":null}}',
    '{"RequestItems":{"Orders":null}}',
  ]) {
    const { status } = await raw({ ...headers, 'x-amz-target': `DynamoDB_20120810.${action}` }, body);
    expect(status).toBeGreaterThanOrEqual(400);
  }
  await database().send(new ScanCommand({ TableName: 'Orders' }));
});

const count = async (store: DynamoDbStore) => {
  const client = new DynamoDBClient({ ...options(), endpoint: `http://127.0.0.1:${store.port}` });
  const { Count } = await client.send(new ScanCommand({ TableName: 'Orders' }));
  return { client, Count };
};

test('tables and their items are there again after a restart, and one whose keys changed starts empty', async () => {
  grant(allow('*', '*'));
  const put = { TableName: 'Orders', Item: item('kept') };
  const first = await startDynamoDb(again, resources, crash);
  await (await count(first)).client.send(new PutItemCommand(put));
  await first.stop();
  const second = await startDynamoDb(again, resources, crash);
  expect((await count(second)).Count).toBe(1);
  await second.stop();
  const keys = {
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
  };
  const changed = resource(table.type, 'Orders', keys, 'Orders', { Arn: TABLE_ARN });
  const third = await startDynamoDb(again, [changed], crash);
  expect((await count(third)).Count).toBe(0);
  expect(third.notes).toEqual(['Orders: keys or indexes changed, so the table starts empty']);
  await third.stop();
});

test('what the emulators cannot do is said', () => {
  expect(stores[0].notes).toEqual(['Orders: items past their time to live stay (dynalite has no TTL)']);
  expect(stores[1].notes).toEqual(['SQS: messages are gone when the host ends (fauxqs keeps them in memory)']);
});
