import { gunzipSync, gzipSync } from 'node:zlib';
import { startFixture } from '../fixture/host';
import { type Sent, send } from '../fixture/http';

let host: Awaited<ReturnType<typeof startFixture>>;
beforeAll(async () => {
  host = await startFixture();
});
afterAll(() => host.stop());
beforeEach(() => {
  host.heard.log.length = 0;
});

const call = (path: string, more: Omit<Sent, 'path'> = {}) => send(host.url, { path, ...more });
/** What the function gets. */
const eventOf = async (path: string, more: Omit<Sent, 'path'> = {}) =>
  (await call(`${path}${path.includes('?') ? '&' : '?'}do=event`, more)).json;
/** What the client gets when the function answers so. */
const answered = (answer: unknown, headers: readonly string[] = []) =>
  call('/things', { method: 'POST', body: JSON.stringify(answer), headers });

const check = (path: string, body: string, headers: readonly string[] = ['X-Trace', '1']) =>
  call(path, { method: 'POST', body, headers });

const mock = (name: string, contentType?: string, body = '') =>
  call(`/mock/${name}`, {
    method: 'POST',
    body,
    headers: contentType === undefined ? [] : ['Content-Type', contentType],
  });

describe('the event of a function', () => {
  test('has the headers as sent, the last and all of those that repeat', async () => {
    const event = await eventOf('/things', { headers: ['X-One', 'a', 'x-Two', 'b', 'x-Two', 'c'] });
    expect(event.headers).toMatchObject({ 'X-One': 'a', 'x-Two': 'c' });
    expect(event.multiValueHeaders).toMatchObject({ 'X-One': ['a'], 'x-Two': ['b', 'c'] });
  });

  test('has what the AWS front adds, and not what API Gateway keeps', async () => {
    const sent = [
      'authorization',
      'a',
      'user-agent',
      'u',
      'TE',
      'x',
      'Content-MD5',
      'x',
      'x-forwarded-for',
      '9.9.9.9',
      'X-Forwarded-Proto',
      'gopher',
    ];
    const { headers } = await eventOf('/things', { headers: sent });
    expect(headers).toEqual({
      Authorization: 'a',
      Host: host.url.replace('http://', ''),
      'User-Agent': 'u',
      'X-Amzn-Trace-Id': expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/),
      'X-Forwarded-For': '9.9.9.9, 127.0.0.1',
      'X-Forwarded-Port': new URL(host.url).port,
      'X-Forwarded-Proto': 'http',
    });
  });

  test('has the query, decoded, with the last and all of those that repeat', async () => {
    const event = await eventOf('/things?a=1&a=2&b=x%20y+z&c');
    expect(event.queryStringParameters).toEqual({ a: '2', b: 'x y z', c: '', do: 'event' });
    expect(event.multiValueQueryStringParameters).toEqual({ a: ['1', '2'], b: ['x y z'], c: [''], do: ['event'] });
  });

  test('has path parameters decoded and the path as sent', async () => {
    expect(await eventOf('/things/a%2Fb/parts/%C3%BC')).toMatchObject({
      resource: '/things/{id}/parts/{part}',
      path: '/things/a%2Fb/parts/%C3%BC',
      httpMethod: 'GET',
      pathParameters: { id: 'a/b', part: 'ü' },
    });
  });

  test('has null where there is nothing', async () => {
    expect(await eventOf('/')).toMatchObject({ pathParameters: null, body: null, isBase64Encoded: false });
    const echoed = await call('/any', { method: 'POST' });
    expect(echoed.text).toBe('ok');
  });

  test('has the variables of the stage', async () => {
    expect((await eventOf('/')).stageVariables).toEqual({ color: 'green' });
  });

  test('has a request context with all that a handler may read', async () => {
    const { requestContext } = await eventOf('/things/7', { headers: ['User-Agent', 'test'] });
    expect(requestContext).toEqual({
      accountId: '000000000000',
      apiId: expect.stringMatching(/^FixtureApi-Api/),
      domainName: host.url.replace('http://', ''),
      domainPrefix: '127',
      extendedRequestId: expect.stringMatching(/^\w{15}=$/),
      httpMethod: 'GET',
      identity: { sourceIp: '127.0.0.1', userAgent: 'test' },
      path: '/things/7',
      protocol: 'HTTP/1.1',
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      requestTime: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
      requestTimeEpoch: expect.any(Number),
      resourceId: expect.stringMatching(/^[0-9a-f]{6}$/),
      resourcePath: '/things/{id}',
      stage: 'live',
    });
  });

  test('has a binary body in base64 and any other as text', async () => {
    const binary = Buffer.from([0, 255, 1]);
    const sent = { method: 'POST', body: binary };
    expect(await eventOf('/things', { ...sent, headers: ['Content-Type', 'image/png'] })).toMatchObject({
      body: binary.toString('base64'),
      isBase64Encoded: true,
    });
    expect(
      await eventOf('/things', { method: 'POST', body: 'plain ü', headers: ['Content-Type', 'text/plain'] }),
    ).toMatchObject({
      body: 'plain ü',
      isBase64Encoded: false,
    });
  });

  test('has a compressed body decompressed', async () => {
    const event = await eventOf('/things', {
      method: 'POST',
      body: gzipSync('inside'),
      headers: ['Content-Encoding', 'gzip'],
    });
    expect(event.body).toBe('inside');
  });
});

describe('the answer of a function', () => {
  test('reaches the client with its status, headers and body', async () => {
    const { status, headers, text } = await answered({
      statusCode: 201,
      headers: { Location: '/things/7', 'X-Both': 'single', 'X-Number': 5 },
      multiValueHeaders: { 'Set-Cookie': ['a=1', 'b=2'], 'X-Both': ['x', 'y'] },
      body: 'made ü',
    });
    expect({ status, text }).toEqual({ status: 201, text: 'made ü' });
    expect(headers).toMatchObject({
      location: '/things/7',
      'set-cookie': ['a=1', 'b=2'],
      'x-both': 'x, y',
      'x-number': '5',
    });
  });

  test('is JSON unless it says otherwise', async () => {
    expect((await answered({ body: '{}' })).headers['content-type']).toBe('application/json');
    expect((await answered({ body: '', headers: { 'content-type': 'text/csv' } })).headers['content-type']).toBe(
      'text/csv',
    );
  });

  test('needs no member at all', async () => {
    expect(await answered({})).toMatchObject({ status: 200, text: '' });
  });

  test.each([
    ['WWW-Authenticate', 'x-amzn-remapped-www-authenticate'],
    ['Authorization', 'x-amzn-remapped-authorization'],
    ['Date', 'x-amzn-remapped-date'],
    ['Server', 'x-amzn-remapped-server'],
    ['User-Agent', 'x-amzn-remapped-user-agent'],
    ['Connection', 'x-amzn-remapped-connection'],
  ])('has its header %s under the name %s', async (name, remapped) => {
    expect((await answered({ headers: { [name]: 'mine' } })).headers[remapped]).toBe('mine');
  });

  test('loses headers that API Gateway drops, and a length of its own making', async () => {
    const { headers, text } = await answered({
      headers: { Upgrade: 'x', Via: 'x', 'Content-Length': '999' },
      body: 'abc',
    });
    expect(headers).not.toHaveProperty('upgrade');
    expect(headers).not.toHaveProperty('via');
    expect({ length: headers['content-length'], text }).toEqual({ length: '3', text: 'abc' });
  });

  test.each([
    ['a text', 'hello'],
    ['nothing', null],
    ['an unknown member', { statusCode: 200, status: 200 }],
    ['a body that is no text', { statusCode: 200, body: { a: 1 } }],
    ['a status that is none', { statusCode: 'many' }],
    ['a status out of range', { statusCode: 42 }],
    ['a header that is no text', { headers: { a: { b: 1 } } }],
    ['a header that would split the answer', { headers: { a: 'x\r\nSet-Cookie: evil' } }],
    ['a list of headers that is none', { multiValueHeaders: { a: 'x' } }],
  ])('that is malformed (%s) becomes 502, and its reason stays in the log', async (_, answer) => {
    const { status, json } = await answered(answer);
    expect({ status, json }).toEqual({ status: 502, json: { error: 'Internal server error' } });
    expect(host.heard.log).toEqual([expect.stringContaining('malformed Lambda proxy response')]);
  });

  test('is decoded from base64 only for a client whose first accepted type is binary', async () => {
    const answer = { body: Buffer.from([0, 255]).toString('base64'), isBase64Encoded: true };
    expect((await answered(answer, ['Accept', 'image/png,*/*'])).body).toEqual(Buffer.from([0, 255]));
    expect((await answered(answer, ['Accept', '*/*,image/png'])).text).toBe(answer.body);
    expect((await answered(answer)).text).toBe(answer.body);
  });

  test.each<[string, string | undefined, string, boolean]>([
    ['accepts it', 'gzip, deflate', '/?do=big', true],
    ['accepts anything', '*', '/?do=big', true],
    ['says nothing of it', undefined, '/?do=big', false],
    ['rules it out', 'gzip;q=0, br', '/?do=big', false],
    ['accepts it for a small answer', 'gzip', '/', false],
  ])('for a client that %s (%s) is compressed where it is large', async (_, accepted, path, expected) => {
    const { headers, body } = await call(path, {
      headers: accepted === undefined ? [] : ['Accept-Encoding', accepted],
    });
    expect(headers['content-encoding'] === 'gzip').toBe(expected);
    expect(expected ? gunzipSync(body).toString() : body.toString()).toMatch(/^(?:a{2000}|ok)$/);
  });

  test('that the function has compressed itself stays as it is', async () => {
    const { headers } = await answered({ headers: { 'content-encoding': 'br' }, body: 'x'.repeat(3000) }, [
      'Accept-Encoding',
      'gzip',
    ]);
    expect(headers['content-encoding']).toBe('br');
  });

  test('has no body for HEAD', async () => {
    expect(await call('/any', { method: 'HEAD' })).toMatchObject({
      status: 200,
      text: '',
      headers: { 'content-length': '2' },
    });
  });

  test('carries the ids of its request', async () => {
    const { headers, json } = await call('/?do=event');
    expect(headers['x-amzn-requestid']).toBe(json.requestContext.requestId);
    expect(headers['x-amz-apigw-id']).toBe(json.requestContext.extendedRequestId);
  });
});

describe('when a function does not answer', () => {
  test('a thrown error is 502 without its reason', async () => {
    const { status, text } = await call('/?do=fail');
    expect({ status, text }).toEqual({ status: 502, text: '{"error":"Internal server error"}' });
    expect(host.heard.log).toEqual([expect.stringContaining('Error: the secret reason')]);
  });

  test('a slow one is 504 after the time of its integration', async () => {
    expect(await call('/slow?do=slow')).toMatchObject({ status: 504, text: '{"error":"Endpoint request timed out"}' });
  });

  test('one that API Gateway may not invoke is 500', async () => {
    expect(await call('/unpermitted/7')).toMatchObject({ status: 500, json: { error: 'Internal server error' } });
    expect(host.heard.log).toEqual([
      expect.stringMatching(
        /no AWS::Lambda::Permission lets apigateway\.amazonaws\.com invoke .*Unpermitted.* for arn:aws:execute-api:.*\/live\/GET\/unpermitted\/\*$/,
      ),
    ]);
  });
});

describe('what the gateway refuses itself', () => {
  const MB = 1024 * 1024;

  test.each([
    ['a path that is unknown', 'GET', '/nothing'],
    ['a method that is unknown', 'DELETE', '/things'],
  ])('%s gets the response of the document, with its headers and template', async (_, method, path) => {
    const { status, headers, json } = await call(path, { method, headers: ['Origin', 'https://me'] });
    expect(status).toBe(404);
    expect(headers).toMatchObject({
      'content-type': 'application/problem+json',
      'x-amzn-errortype': 'MissingAuthenticationTokenException',
      'x-origin': 'https://me',
      'x-request-id': headers['x-amzn-requestid'],
    });
    expect(json).toEqual({ id: headers['x-amzn-requestid'], path, type: 'MISSING_AUTHENTICATION_TOKEN' });
  });

  test('an unknown path with a bearer token is the 403 that API Gateway makes of it', async () => {
    const { status, json } = await call('/nothing', { headers: ['Authorization', 'Bearer x'] });
    expect(status).toBe(403);
    expect(json.message).toMatch(/^Invalid key=value pair \(missing equal-sign\) in Authorization header \(hashed/);
  });

  test.each(['/things/%', '/%ff', '/things/%zz?x=%'])('the path %s is a bad request', async (path) => {
    expect(await call(path)).toMatchObject({ status: 400, json: { message: 'Bad Request' } });
  });

  test.each(['/ping', '/sping'])('%s is answered by API Gateway itself', async (path) => {
    expect(await call(path)).toMatchObject({ status: 200, text: 'healthy' });
  });

  test('a body above 10 MB is 413 before it is read', async () => {
    const { status, json } = await call('/things', {
      method: 'POST',
      headers: ['Content-Length', String(10 * MB + 1)],
    });
    expect({ status, json }).toEqual({ status: 413, json: { message: 'Request Too Long' } });
  });

  // Sent to a mock: a function's own limit would refuse them too.
  test('a body that grows above 10 MB is 413 while it is read', async () => {
    const sent = { method: 'POST', body: Buffer.alloc(12 * MB), headers: ['Transfer-Encoding', 'chunked'] };
    expect(await call('/mock/templates', sent)).toMatchObject({ status: 413 });
  });

  test('a body that unpacks to more than 10 MB is 413', async () => {
    const sent = { method: 'POST', body: gzipSync(Buffer.alloc(11 * MB)), headers: ['Content-Encoding', 'gzip'] };
    expect(await call('/mock/templates', sent)).toMatchObject({ status: 413 });
  });

  test('a body that is not what its encoding says is a bad request', async () => {
    expect(
      await call('/things', { method: 'POST', body: 'plain', headers: ['Content-Encoding', 'gzip'] }),
    ).toMatchObject({ status: 400 });
  });

  test('a body above what a function can take is 413', async () => {
    expect(await call('/things', { method: 'POST', body: 'x'.repeat(7 * MB) })).toMatchObject({ status: 413 });
  });
});

describe('a request validator', () => {
  test.each<[string, string, readonly string[], string]>([
    ['both', '/checked', [], 'X-Trace, page'],
    ['the header', '/checked?page=1', [], 'X-Trace'],
    ['the query parameter', '/checked', ['x-trace', '1'], 'page'],
    ['a value', '/checked?page=', ['X-Trace', '1'], 'page'],
  ])('names the required parameters when a request lacks %s', async (_, path, headers, missing) => {
    expect(await check(path, '{"name":"ada"}', headers)).toMatchObject({
      status: 400,
      json: { message: `Missing required request parameters: [${missing}]` },
    });
  });

  test.each([
    ['a missing member', '{}', 'object has missing required properties (["name"])'],
    ['no body', '', 'object has missing required properties (["name"])'],
    [
      'an unknown member',
      '{"name":"ada","x":1}',
      'object instance has properties which are not allowed by the schema: ["x"]',
    ],
    ['a wrong type', '{"name":7}', '/name must be string'],
    ['a value that its referenced schema forbids', '{"name":"a"}', '/name must NOT have fewer than 2 characters'],
    ['no JSON', '{', 'Invalid JSON'],
  ])('says what is wrong with %s', async (_, body, why) => {
    expect(await check('/checked?page=1', body)).toMatchObject({
      status: 400,
      json: { said: 'Invalid request body', why: `[${why}]` },
    });
  });

  test('lets a good request through', async () => {
    const { json } = await check('/checked?page=1&do=event', '{"name":"ada"}', [
      'X-Trace',
      '1',
      'Content-Type',
      'application/json; charset=utf-8',
    ]);
    expect(json.body).toBe('{"name":"ada"}');
  });

  test('does not look at a body whose type has no model', async () => {
    const { status } = await check('/checked?page=1&do=event', 'name=a', [
      'X-Trace',
      '1',
      'Content-Type',
      'application/x-www-form-urlencoded',
    ]);
    expect(status).toBe(200);
  });

  test('does not count items, as API Gateway does not', async () => {
    expect(await check('/checked?page=1&do=event', '{"name":"ada","tags":[1,2]}')).toMatchObject({ status: 200 });
  });
});

describe('a mock', () => {
  test.each<[name: string, contentType: string | undefined, body: string, status: number]>([
    ['templates', undefined, '', 200],
    ['templates', 'application/json; charset=utf-8', '', 200],
    ['templates', 'text/plain', '{"statusCode":200}', 415],
    ['when-no-templates', 'text/plain', '{"statusCode":200}', 415],
    ['no-templates', 'text/plain', '{"statusCode":200}', 200],
    ['never', 'application/json', '{"statusCode":200}', 415],
    ['when-no-match', 'text/plain', '{"statusCode":200}', 200],
    ['when-no-match', 'text/plain', 'no json', 500],
    ['when-no-match', 'text/plain', '{"statusCode":"200"}', 500],
  ])('/mock/%s with the type %s and the body %s answers %s', async (name, contentType, body, status) => {
    expect(await mock(name, contentType, body)).toMatchObject({ status });
  });

  test('fills in its template', async () => {
    expect(await mock('templates')).toMatchObject({
      json: { from: '/mock/templates' },
      headers: { 'content-type': 'application/json' },
    });
  });

  test('chooses its response by the status', async () => {
    expect(await mock('selected', undefined, '{"statusCode":404}')).toMatchObject({
      status: 418,
      text: 'stage variable green',
      headers: { 'content-type': 'text/plain' },
    });
    expect(await mock('selected', undefined, '{"statusCode":204}')).toMatchObject({
      status: 204,
      headers: { 'access-control-allow-methods': 'GET,POST' },
    });
    expect(await mock('selected', undefined, '{"statusCode":200}')).toMatchObject({ status: 500 });
  });
});
