import type { IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import type { CloudFormationCustomResourceEvent } from 'aws-lambda';
import { customResource } from '../../../lambdas/shared/aws/custom-resource';
import { OwnerLogin } from '../../../lambdas/shared/stores/owner';
import { readSecret } from '../../../lambdas/shared/stores/secrets';
import { startAws, type TestAws } from '../../support/aws';
import { listen, type TestServer } from '../../support/http';
import { captureOutput } from '../../support/output';

const output = captureOutput();

interface Answered {
  readonly method: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

let cloudFormation: TestServer;
let aws: TestAws;
const answers: Answered[] = [];
let status = 200;
beforeAll(async () => {
  aws = await startAws();
  cloudFormation = await listen(async (request, response) => {
    const { method, headers } = request;
    answers.push({ method, headers, body: JSON.parse(await text(request)) });
    response.writeHead(status).end();
  });
});
afterAll(() => Promise.all([cloudFormation.stop(), aws.stop()]));
beforeEach(() => {
  answers.length = 0;
  status = 200;
});

const common = () => ({
  ServiceToken: 'arn:aws:lambda:us-east-1:000000000000:function:migrate',
  ResponseURL: cloudFormation.url,
  StackId: 'stack',
  RequestId: 'request',
  LogicalResourceId: 'Run',
  ResourceType: 'AWS::CloudFormation::CustomResource',
  ResourceProperties: { ServiceToken: '' },
});
const create = (): CloudFormationCustomResourceEvent => ({ ...common(), RequestType: 'Create' });
const update = (): CloudFormationCustomResourceEvent => ({
  ...common(),
  RequestType: 'Update',
  PhysicalResourceId: 'as-made',
  OldResourceProperties: { ServiceToken: '' },
});
const remove = (): CloudFormationCustomResourceEvent => ({
  ...common(),
  RequestType: 'Delete',
  PhysicalResourceId: 'as-made',
});

const told = { StackId: 'stack', RequestId: 'request', LogicalResourceId: 'Run' };

test.each([
  ['made', create, 'Run'],
  ['changed', update, 'as-made'],
])(
  'when the resource is %s the work is done before CloudFormation is told so',
  async (_, event, PhysicalResourceId) => {
    const work = jest.fn(async () => expect(answers).toEqual([]));
    await customResource(work)(event());
    expect(work).toHaveBeenCalledTimes(1);
    expect(answers.map(({ method, body }) => ({ method, body }))).toEqual([
      { method: 'PUT', body: { Status: 'SUCCESS', PhysicalResourceId, ...told } },
    ]);
  },
);

test('deleting the resource does nothing and succeeds', async () => {
  const work = jest.fn(async () => undefined);
  await customResource(work)(remove());
  expect(work).not.toHaveBeenCalled();
  expect(answers).toMatchObject([{ body: { Status: 'SUCCESS', PhysicalResourceId: 'as-made' } }]);
});

test.each([
  [
    'an error',
    () => Promise.reject(new Error('migration 0002-more.sql: no such table')),
    'migration 0002-more.sql: no such table',
  ],
  // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- a library may
  ['something that is no error', () => Promise.reject('odd'), 'unknown failure'],
  ['a very long error', () => Promise.reject(new Error('x'.repeat(5000))), 'x'.repeat(1000)],
])('work that fails with %s is told as FAILED with its reason', async (_, work, Reason) => {
  await customResource(work)(create());
  expect(answers).toMatchObject([{ body: { Status: 'FAILED', Reason, PhysicalResourceId: 'Run', ...told } }]);
});

test("the answer has no content type, as the signature of S3's address allows none", async () => {
  await customResource(async () => undefined)(create());
  expect(answers[0]?.headers).not.toHaveProperty('content-type');
  expect(answers[0]?.headers).toHaveProperty('content-length');
});

test('an answer that CloudFormation does not take fails the invocation, which Lambda then repeats', async () => {
  status = 403;
  await expect(customResource(async () => undefined)(create())).rejects.toThrow('403');
});

test.each([
  ['is no JSON', 'hunter2'],
  ['has another shape', '{"password":"hunter2","username":1}'],
])('neither the reason nor the log quotes a secret that %s', async (_, value) => {
  aws.setSecret('secret-of-the-owner', value);
  await customResource(async () => void (await readSecret('secret-of-the-owner', OwnerLogin)))(create());
  expect(answers).toMatchObject([
    { body: { Status: 'FAILED', Reason: expect.stringContaining('secret-of-the-owner') } },
  ]);
  expect(JSON.stringify(answers) + output.text()).not.toContain('hunter2');
});
