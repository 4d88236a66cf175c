import { startFixture } from '../fixture/host';
import { send } from '../fixture/http';

let host: Awaited<ReturnType<typeof startFixture>>;
beforeAll(async () => {
  host = await startFixture();
});
afterAll(() => host.stop());
beforeEach(() => {
  host.heard.log.length = 0;
});

const token = (value: string, path = '/guarded/token?do=event') =>
  send(host.url, { path, headers: ['X-Token', `Bearer ${value}`] });
const key = (value: string, path = '/guarded/request?tenant=a&do=event') =>
  send(host.url, { path, headers: ['X-Key', value] });
const invocations = async (answer: ReturnType<typeof token>) =>
  Number((await answer).json.requestContext.authorizer.invocations);

const uncached = () => invocations(token('allow-uncached', '/guarded/uncached?do=event'));

test('what the authorizer says of the caller reaches the function as texts', async () => {
  const { requestContext } = (await token('allow-texts')).json;
  expect(requestContext.authorizer).toMatchObject({
    principalId: 'user-1',
    name: 'ada',
    admin: 'true',
    invocations: expect.stringMatching(/^\d+$/),
    integrationLatency: expect.any(Number),
  });
});

test('a token authorizer gets the token and the method', async () => {
  const { requestContext } = (await token('allow-event')).json;
  expect(JSON.parse(requestContext.authorizer.event)).toEqual({
    type: 'TOKEN',
    authorizationToken: 'Bearer allow-event',
    methodArn: `arn:aws:execute-api:us-east-1:000000000000:${requestContext.apiId}/live/GET/guarded/token`,
  });
});

test('a request authorizer gets the request', async () => {
  const { requestContext } = (await key('allow-event')).json;
  expect(JSON.parse(requestContext.authorizer.event)).toMatchObject({
    type: 'REQUEST',
    methodArn: `arn:aws:execute-api:us-east-1:000000000000:${requestContext.apiId}/live/GET/guarded/request`,
    resource: '/guarded/request',
    path: '/guarded/request',
    httpMethod: 'GET',
    headers: { 'X-Key': 'allow-event' },
    multiValueHeaders: { 'X-Key': ['allow-event'] },
    queryStringParameters: { tenant: 'a', do: 'event' },
    pathParameters: {},
    stageVariables: { color: 'green' },
    requestContext: { requestId: requestContext.requestId, resourcePath: '/guarded/request' },
  });
});

test.each<[string, string, readonly string[]]>([
  ['a token that is missing', '/guarded/token', []],
  ['a token that is empty', '/guarded/token', ['X-Token', '']],
  ['a token that does not look like one', '/guarded/token', ['X-Token', 'Basic allow']],
  ['a token with more than the pattern', '/guarded/token', ['X-Token', 'Bearer allow; x']],
  ['a header that is missing', '/guarded/request?tenant=a', []],
  ['a query parameter that is missing', '/guarded/request', ['X-Key', 'allow']],
])('%s is 401 without asking the function', async (_, path, headers) => {
  const before = await uncached();
  const { status, json, headers: received } = await send(host.url, { path, headers });
  expect({ status, json, type: received['x-amzn-errortype'] }).toEqual({
    status: 401,
    json: { message: 'Unauthorized' },
    type: 'UnauthorizedException',
  });
  expect(await uncached()).toBe(before + 1);
});

test.each([
  ['deny', 'with an explicit deny in an identity-based policy'],
  ['elsewhere', 'because no identity-based policy allows the execute-api:Invoke action'],
])('a policy of %s is 403 in the words of AWS', async (wanted, why) => {
  expect(await token(wanted)).toMatchObject({
    status: 403,
    json: { Message: `User is not authorized to access this resource ${why}` },
  });
});

test('a function that says Unauthorized is 401', async () => {
  expect(await token('unauthorized')).toMatchObject({ status: 401, json: { message: 'Unauthorized' } });
});

test('a function that fails is 500, and its reason stays in the log', async () => {
  expect(await token('crash')).toMatchObject({
    status: 500,
    json: { error: 'null' },
    headers: { 'x-amzn-errortype': 'AuthorizerFailureException' },
  });
  expect(host.heard.log).toEqual([expect.stringContaining('database password wrong')]);
});

test.each([
  ['nobody', 'no principalId'],
  ['nothing', 'no policyDocument'],
  ['empty', 'a policy without statements'],
  ['conditional', 'a Condition'],
  ['nested', "the context's deep is not"],
])('an answer that is malformed (%s) is 500', async (wanted, reason) => {
  expect(await token(wanted)).toMatchObject({
    status: 500,
    json: { error: 'null' },
    headers: { 'x-amzn-errortype': 'AuthorizerConfigurationException' },
  });
  expect(host.heard.log).toEqual([expect.stringContaining(reason)]);
});

test('a function that API Gateway may not invoke is 500', async () => {
  expect(await token('allow', '/guarded/unreachable')).toMatchObject({
    status: 500,
    headers: { 'x-amzn-errortype': 'AuthorizerConfigurationException' },
  });
  expect(host.heard.log).toEqual([expect.stringMatching(/no AWS::Lambda::Permission .*\/authorizers\/unreachable$/)]);
});

test('an answer holds for its identity until its time is over', async () => {
  const first = await invocations(key('allow-ttl'));
  host.clock.now += 59_000;
  expect(await invocations(key('allow-ttl'))).toBe(first);
  host.clock.now += 2_000;
  expect(await invocations(key('allow-ttl'))).toBe(first + 1);
});

test('an answer without a time of its own holds for 300 s', async () => {
  const first = await invocations(token('allow-default'));
  host.clock.now += 299_000;
  expect(await invocations(token('allow-default'))).toBe(first);
  host.clock.now += 2_000;
  expect(await invocations(token('allow-default'))).toBe(first + 1);
});

test('an identity is all of its sources', async () => {
  const first = await invocations(key('allow-sources', '/guarded/request?tenant=a&do=event'));
  expect(await invocations(key('allow-sources', '/guarded/request?tenant=b&do=event'))).toBe(first + 1);
});

test('a kept answer is judged anew for each method', async () => {
  expect(await key('allow-anew')).toMatchObject({ status: 200 });
  expect(await key('allow-anew', '/open/request?tenant=a')).toMatchObject({ status: 403 });
});

test('concurrent requests of one identity ask once', async () => {
  const answers = await Promise.all(Array.from({ length: 8 }, () => invocations(key('allow-concurrent'))));
  expect(new Set(answers).size).toBe(1);
});

test('with a time of 0 every request asks', async () => {
  const first = await uncached();
  expect(await uncached()).toBe(first + 1);
});

test('a failure is not kept', async () => {
  await key('crash-once');
  const before = await uncached();
  await key('crash-once');
  expect(await uncached()).toBe(before + 2);
});
