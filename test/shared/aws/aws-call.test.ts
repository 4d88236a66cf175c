import { createServer, type IncomingMessage, type Server } from 'node:http';
import { AwsError, awsCall } from '../../../lambdas/shared/aws/aws-call';
import { awsEndpoint } from '../../../lambdas/shared/aws/aws-token';
import { putSecretText, readSecretText } from '../../../lambdas/shared/stores/secrets';
import { startAws, type TestAws } from '../../support/aws';

let aws: TestAws;
let endpoint: string | undefined;
beforeAll(async () => {
  aws = await startAws();
  endpoint = process.env.AWS_ENDPOINT_URL;
}, 30_000);
afterAll(() => aws.stop());
afterEach(() => {
  process.env.AWS_ENDPOINT_URL = endpoint;
});

test.each([
  ['in its region', {}, 'https://dynamodb.eu-west-1.amazonaws.com'],
  ['by IPv6', { AWS_USE_DUALSTACK_ENDPOINT: 'true' }, 'https://dynamodb.eu-west-1.api.aws'],
  ['in China', { AWS_REGION: 'cn-north-1' }, 'https://dynamodb.cn-north-1.amazonaws.com.cn'],
  ['where it is told to', { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' }, 'http://127.0.0.1:1'],
])('AWS is called %s', (_, env, url) => {
  expect(awsEndpoint('dynamodb', { AWS_REGION: 'eu-west-1', ...env })).toBe(url);
});

test('a secret is read as it was written, and by its version', async () => {
  aws.setSecret('thing', 'one');
  await putSecretText('thing', 'two', { id: 'a'.repeat(32), stages: ['AWSPENDING'] });
  expect(await readSecretText('thing')).toBe('one');
  expect(await readSecretText('thing', 'a'.repeat(32))).toBe('two');
});

test('a refusal of AWS has its name, and no secret in it', async () => {
  const error = await readSecretText('no-such').catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(AwsError);
  expect(error).toMatchObject({ type: 'ResourceNotFoundException', isTransient: false });
});

/** A service that answers in turn with what it is given, and notes what it is asked. */
async function serving(...answers: (readonly [status: number, body: string] | 'nothing')[]) {
  const asked: IncomingMessage[] = [];
  const server: Server = createServer((request, response) => {
    asked.push(request);
    const answer = answers.shift();
    if (answer === 'nothing' || !answer) request.socket.destroy();
    else response.writeHead(answer[0]).end(answer[1]);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.env.AWS_ENDPOINT_URL = `http://127.0.0.1:${Object(server.address()).port}`;
  return { asked, stop: () => server.close() };
}

test.each([
  ['a lost connection', 'nothing'],
  ['a fault of AWS', [500, '{}']],
  ['throttling', [400, '{"__type":"com.amazonaws#ThrottlingException"}']],
] as const)('after %s the call is made once more', async (_, first) => {
  const { asked, stop } = await serving(first, [200, '{"Table":1}']);
  expect(await awsCall('dynamodb', 'DescribeTable', { TableName: 'x' })).toEqual({ Table: 1 });
  expect(asked).toHaveLength(2);
  expect(asked[0]?.headers).toMatchObject({
    'x-amz-target': 'DynamoDB_20120810.DescribeTable',
    authorization: expect.stringMatching(/^AWS4-HMAC-SHA256 Credential=\w+\/\d{8}\/us-east-1\/dynamodb\/aws4_request/),
  });
  stop();
});

test('a refusal is not asked for twice', async () => {
  const { asked, stop } = await serving([400, '{"__type":"AccessDeniedException","message":"no"}']);
  await expect(awsCall('dynamodb', 'GetItem', {})).rejects.toThrow('AccessDeniedException: no');
  expect(asked).toHaveLength(1);
  stop();
});

test('a service that stays away fails after the second call', async () => {
  const { asked, stop } = await serving('nothing', 'nothing');
  await expect(awsCall('dynamodb', 'GetItem', {})).rejects.toThrow();
  expect(asked).toHaveLength(2);
  stop();
});
