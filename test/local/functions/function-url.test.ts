import { serveFunctionUrl } from '../../../local/functions/function-url';
import { listen } from '../../../local/http/listen';
import { functionOf, nothingHeard, startFixture } from '../fixture/host';
import { type Sent, send } from '../fixture/http';

let host: Awaited<ReturnType<typeof startFixture>>;
beforeAll(async () => {
  host = await startFixture();
});
afterAll(() => host.stop());
beforeEach(() => {
  host.heard.log.length = 0;
  host.refused.clear();
});

const open = (path: string, more: Omit<Sent, 'path'> = {}) => send(host.openUrl, { path, ...more });
const SIGNED = [
  'Authorization',
  'AWS4-HMAC-SHA256 Credential=ASIATEST/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0',
];

test('a function gets an event of payload format 2.0', async () => {
  const { json } = await open('/a/b%20c?do=event&x=1&x=2', {
    method: 'POST',
    body: '{"a":1}',
    headers: ['X-Two', 'a', 'x-two', 'b', 'Cookie', 'k=v; l=w', 'User-Agent', 'test'],
  });
  expect(json).toEqual({
    version: '2.0',
    routeKey: '$default',
    rawPath: '/a/b%20c',
    rawQueryString: 'do=event&x=1&x=2',
    cookies: ['k=v', 'l=w'],
    headers: expect.objectContaining({ 'x-two': 'a, b', 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http' }),
    queryStringParameters: { do: 'event', x: '1,2' },
    requestContext: {
      accountId: '000000000000',
      apiId: '127',
      domainName: host.openUrl.replace('http://', ''),
      domainPrefix: '127',
      http: { method: 'POST', path: '/a/b%20c', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'test' },
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      routeKey: '$default',
      stage: '$default',
      time: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
      timeEpoch: expect.any(Number),
    },
    body: '{"a":1}',
    isBase64Encoded: false,
  });
  expect(json.headers).not.toHaveProperty('cookie');
});

test.each([
  ['application/x-www-form-urlencoded', true],
  ['image/png', true],
  ['application/problem+json', false],
  ['text/html; charset=utf-8', false],
])('a body of the type %s arrives as base64: %s', async (contentType, isBase64Encoded) => {
  const { json } = await open('/?do=event', { method: 'POST', body: 'a=b', headers: ['Content-Type', contentType] });
  expect(json).toMatchObject({ isBase64Encoded, body: isBase64Encoded ? 'YT1i' : 'a=b' });
});

test('the answer reaches the client with its status, headers, cookies and body', async () => {
  const answer = {
    statusCode: 201,
    headers: { 'X-A': 'b', 'WWW-Authenticate': 'w' },
    cookies: ['a=1', 'b=2'],
    body: 'aGk=',
    isBase64Encoded: true,
  };
  const { status, headers, text } = await open('/', { method: 'POST', body: JSON.stringify(answer) });
  expect({ status, text }).toEqual({ status: 201, text: 'hi' });
  expect(headers).toMatchObject({ 'x-a': 'b', 'x-amzn-remapped-www-authenticate': 'w', 'set-cookie': ['a=1', 'b=2'] });
});

test('an answer without a status is the body itself', async () => {
  expect(await open('/', { method: 'POST', body: '{"any":"thing"}' })).toMatchObject({
    status: 200,
    json: { any: 'thing' },
    headers: { 'content-type': 'application/json' },
  });
});

test('a function that fails is 502, and its reason stays in the log', async () => {
  expect(await open('/?do=fail')).toMatchObject({ status: 502, text: 'Internal Server Error' });
  expect(host.heard.log).toEqual([expect.stringContaining('the secret reason')]);
});

test('a body above 6 MB is 413', async () => {
  expect(await open('/', { method: 'POST', headers: ['Content-Length', String(6 * 1024 * 1024 + 1)] })).toMatchObject({
    status: 413,
  });
});

test('a signed caller with both grants is let in', async () => {
  expect(await send(host.signedUrl, { path: '/', headers: SIGNED })).toMatchObject({ status: 200 });
});

test.each(['lambda:InvokeFunctionUrl', 'lambda:InvokeFunction'])(
  'a signed caller without %s is 403, and the log says why',
  async (action) => {
    host.refused.add(action);
    const { status, json } = await send(host.signedUrl, { path: '/', headers: SIGNED });
    expect(status).toBe(403);
    expect(json.Message).toMatch(/^Forbidden\./);
    expect(host.heard.log).toEqual([
      expect.stringMatching(new RegExp(`ASIATEST may not ${action} on arn:aws:lambda:.*Unpermitted`)),
    ]);
  },
);

test('a caller without a signature is 403 where one is asked for', async () => {
  expect(await send(host.signedUrl, { path: '/' })).toMatchObject({ status: 403 });
});

test('a URL for everybody needs a permission for everybody', async () => {
  const listener = await listen(0);
  const target = functionOf(host.fixture, 'Actor', nothingHeard());
  const log: string[] = [];
  listener.handle(
    serveFunctionUrl({
      authType: 'NONE',
      function: target,
      permits: ({ action }) => action !== 'lambda:InvokeFunction',
      refusal: () => undefined,
      log: (line) => log.push(line),
    }),
  );
  expect(await send(listener.url, { path: '/' })).toMatchObject({ status: 403 });
  expect(log).toEqual([
    `${target.name}: no AWS::Lambda::Permission lets anybody lambda:InvokeFunction on ${target.arn}`,
  ]);
  await listener.stop();
});
