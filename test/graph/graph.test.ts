import { randomUUID } from 'node:crypto';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { composeExamples } from '../../examples/compose';
import { graphRoutes } from '../../lambdas/graph/contract';
import { liveGraph } from '../../lambdas/graph/live-graph';
import { federatedGraph } from '../../lambdas/graph/operations';
import { principalsBy } from '../../lambdas/graph/principals';
import type { SubgraphSettings } from '../../lambdas/shared/graph/subgraph-settings';
import { openSend } from '../../lambdas/shared/http/send';
import { serve } from '../../lambdas/shared/http/serve';
import { logger } from '../../lambdas/shared/telemetry';
import { context, event, GATEWAY_REQUEST_ID, principal, served } from '../support/event';
import { listen } from '../support/http';
import { startRedis, type TestRedis } from '../support/redis';
import { type Shop, startShop } from '../support/shop';

const identity = { region: 'us-east-1', accessKeyId: 'key', secretAccessKey: 'secret', sessionToken: undefined };

const principals = principalsBy({ secret: async () => 'the secret of a stage', nowMs: Date.now });

interface Options {
  readonly urls?: Readonly<Record<string, string>>;
  readonly introspection?: boolean;
  readonly version?: string;
  readonly settings?: Readonly<Record<string, SubgraphSettings>>;
}

let shop: Shop;
let redis: TestRedis;
const log = jest.spyOn(logger, 'error').mockImplementation(() => undefined);
jest.spyOn(logger, 'info').mockImplementation(() => undefined);

beforeAll(async () => {
  [shop, redis] = await Promise.all([startShop(), startRedis()]);
});
afterAll(() => Promise.all([shop.stop(), redis.stop()]));
beforeEach(() => {
  shop.statements.length = 0;
  log.mockClear();
});

/** Each has a version of its own, unless it is said: nothing that another one has learned is known to it. */
function started({ urls = {}, introspection = false, version = randomUUID(), settings = {} }: Options = {}) {
  const artifact = { version, urls: { ...shop.urls, ...urls }, settings, supergraph: async () => composeExamples() };
  const send = openSend({ identity, signedUrls: Object.values(artifact.urls), privateTargets: true });
  const graph = liveGraph(artifact, { redis: redis.commands, send, planning: { introspection } });
  const { operations, costs } = federatedGraph(async () => graph, { principals });
  return serve(graphRoutes, operations, { ...served, costs });
}

type Handler = ReturnType<typeof started>;
let handler: Handler;
beforeAll(() => {
  handler = started();
});

const JSON_BODY = { 'Content-Type': 'application/json', Accept: 'application/graphql-response+json' };

async function call(request: Partial<Parameters<typeof event>[0]>, by: Handler = handler) {
  const viewer = { method: 'POST', resource: '/graphql', headers: JSON_BODY, principal: principal('viewer') };
  const { statusCode, headers, body } = await by(event({ ...viewer, ...request }), context);
  return { status: statusCode, headers, text: body, body: JSON.parse(body) as unknown };
}

const post = (query: string, variables = {}, by?: Handler) => call({ body: JSON.stringify({ query, variables }) }, by);
const inBody = (asked: Record<string, string>) => call({ body: JSON.stringify(asked) });
const get = (query: Record<string, string>) =>
  call({ method: 'GET', query, headers: { ...JSON_BODY, 'apollo-require-preflight': 'true' } });

test('one query joins products, their reviews and the names of the reviewers', async () => {
  const query = 'query ($id: ID!) { product(id: $id) { name reviews { rating author { name } } } }';
  const { status, headers, body } = await post(query, { id: 'product-01' });
  expect(status).toBe(200);
  expect(headers).toMatchObject({ 'content-type': 'application/graphql-response+json; charset=utf-8' });
  const reviews = [
    { rating: 4, author: { name: 'Hugo Alvarez' } },
    { rating: 5, author: { name: 'Ines Pereira' } },
    { rating: 1, author: { name: 'Jonas Weber' } },
    { rating: 2, author: { name: 'Kavya Iyer' } },
    { rating: 3, author: { name: 'Liam Byrne' } },
  ];
  expect(body).toEqual({ data: { product: { name: 'Oak lamp', reviews } } });
});

test('fifty products with reviews and authors take one SQL statement per entity type', async () => {
  const { body } = await post('{ products(first: 50) { name reviews { body author { name } } } }');
  expect(body).toMatchObject({ data: { products: { length: 50 } } });
  const tables = shop.statements.map((statement) => /from shop\.(\w+)/.exec(statement)?.[1] ?? statement);
  expect(tables.toSorted()).toEqual(['accounts', 'products', 'reviews']);
});

test("a subgraph learns the caller's request id and none of the caller's other headers", async () => {
  const seen: unknown[] = [];
  const accounts = await listen((request, response) => {
    seen.push(request.headers['x-request-id'], request.headers.cookie, request.headers.authorization?.split(' ', 1)[0]);
    response.end('{"data":{"users":[]}}');
  });
  const headers = { ...JSON_BODY, 'X-Request-Id': 'callers-own-id', Cookie: 'a=b', Authorization: 'Bearer secret' };
  await call({ headers, body: '{"query":"{ users { name } }"}' }, started({ urls: { accounts: accounts.url } }));
  await accounts.stop();
  expect(seen).toEqual(['callers-own-id', undefined, 'AWS4-HMAC-SHA256']);
});

test('a subgraph is sent what it has asked for, and the trace of the request', async () => {
  const seen: unknown[] = [];
  const accounts = await listen((request, response) => {
    const { 'accept-language': language, 'x-shop': shopName, 'x-broken': broken, traceparent } = request.headers;
    seen.push({ language, shopName, broken, traceparent });
    response.end('{"data":{"users":[]}}');
  });
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const headers = {
    ...JSON_BODY,
    'Accept-Language': 'de',
    'X-Shop': 'one',
    'X-Broken': '日本',
    Traceparent: traceparent,
  };
  const settings = { accounts: { forwardHeaders: ['accept-language', 'x-broken'] } };
  const by = started({ urls: { accounts: accounts.url }, settings });
  expect((await call({ headers, body: '{"query":"{ users { name } }"}' }, by)).body).toEqual({ data: { users: [] } });
  await accounts.stop();
  expect(seen).toEqual([{ language: 'de', shopName: undefined, broken: undefined, traceparent }]);
});

test('a subgraph that wants to know who asks verifies it with the published keys', async () => {
  const seen: unknown[] = [];
  const accounts = await listen((request, response) => {
    seen.push(request.headers['x-gatehouse-principal']);
    response.end('{"data":{"users":[]}}');
  });
  const headers = { ...JSON_BODY, 'X-Gatehouse-Principal': 'forged' };
  const ask = async (settings: SubgraphSettings) => {
    const by = started({ urls: { accounts: accounts.url }, settings: { accounts: settings } });
    await call({ headers, body: '{"query":"{ users { name } }"}' }, by);
  };
  await ask({ principal: true });
  await ask({});
  await accounts.stop();
  const keys = await call({ method: 'GET', resource: '/.well-known/subgraph-jwks.json' });
  expect(keys).toMatchObject({ status: 200, headers: { 'cache-control': 'public, max-age=300' } });
  const { payload } = await jwtVerify(String(seen[0]), createLocalJWKSet(await principals.jwks()), {
    audience: 'accounts',
    typ: 'principal+jwt',
  });
  expect(keys.body).toEqual(await principals.jwks());
  expect(payload).toMatchObject({ kind: 'user', roles: ['viewer'], scope: expect.stringContaining('graph:query') });
  expect(seen[1]).toBeUndefined();
});

test.each([
  ['takes longer than it may', { timeoutMs: 100 }, 'timeout: no answer in 100 ms'],
  ['says more than it may', { maxAnswerBytes: 1_024 }, 'the answer is too long'],
])('a subgraph that %s by its settings is unavailable', async (_, settings, reason) => {
  const answer = JSON.stringify({ data: { users: [] }, extensions: 'x'.repeat(2_000) });
  const accounts = await listen((_request, response) => {
    setTimeout(() => response.end(answer), 300);
  });
  const by = started({ urls: { accounts: accounts.url }, settings: { accounts: settings } });
  const { body } = await call({ body: '{"query":"{ users { name } }"}' }, by);
  await accounts.stop();
  expect(body).toEqual({ errors: [expect.objectContaining(unavailable('accounts'))], data: { users: null } });
  expect(log).toHaveBeenCalledWith(
    'subgraph',
    expect.objectContaining({ error: expect.objectContaining({ message: reason }) }),
  );
});

const unavailable = (name: string) => ({
  message: `The subgraph ${name} could not answer.`,
  extensions: { code: 'SUBGRAPH_UNAVAILABLE', serviceName: name },
});

describe('when a subgraph fails', () => {
  const QUERY = '{ product(id: "product-01") { name reviews { body author { name } } } }';
  test.each([
    [
      'accounts',
      {
        product: {
          name: 'Oak lamp',
          reviews: Array.from({ length: 5 }, () => ({ body: expect.any(String), author: null })),
        },
      },
    ],
    ['reviews', { product: { name: 'Oak lamp', reviews: null } }],
    ['products', { product: null }],
  ])('%s stopped costs its own fields only, and the error names it alone', async (name, data) => {
    const stopped = await listen(() => undefined);
    await stopped.stop();
    const { status, text, body } = await post(QUERY, {}, started({ urls: { [name]: stopped.url } }));
    expect({ status, body }).toEqual({ status: 200, body: { errors: [unavailable(name)], data } });
    expect(text).not.toMatch(/127\.0\.0\.1|ECONN|stack/);
    expect(log).toHaveBeenCalledWith('subgraph', {
      requestId: GATEWAY_REQUEST_ID,
      subgraph: name,
      error: expect.objectContaining({ message: expect.stringContaining('ECONNREFUSED') }),
    });
  });

  test.each([
    ['status 500', 500, 'at secret.internal:5432'],
    ['status 403', 403, '{"Message":"Forbidden"}'],
    ['HTML', 200, '<html>secret.internal</html>'],
    ['JSON that is no GraphQL answer', 200, '{"data":"secret"}'],
    ['an error without a code', 200, '{"data":null,"errors":[{"message":"connect secret.internal:5432"}]}'],
    [
      'its own fault, with a stack trace',
      200,
      '{"data":null,"errors":[{"message":"secret","extensions":{"code":"INTERNAL_SERVER_ERROR","stacktrace":["secret"]}}]}',
    ],
  ])('%s as its answer leaves null and nothing of that answer', async (_, status, answer) => {
    const accounts = await listen((_request, response) => response.writeHead(status).end(answer));
    const result = await post(
      '{ users { name } product(id: "product-01") { name } }',
      {},
      started({ urls: { accounts: accounts.url } }),
    );
    await accounts.stop();
    expect(result.status).toBe(200);
    expect(result.body).toEqual({
      errors: [expect.objectContaining(unavailable('accounts'))],
      data: { users: null, product: { name: 'Oak lamp' } },
    });
    expect(result.text).not.toContain('secret');
  });

  test('what it refuses keeps its words and its code', async () => {
    const { status, body } = await post('{ products(first: 101) { name } }');
    const extensions = { code: 'BAD_USER_INPUT', serviceName: 'products' };
    const error = { message: 'first must be between 1 and 100', path: ['products'], extensions };
    expect({ status, body }).toEqual({ status: 200, body: { errors: [error], data: { products: null } } });
  });

  test('an answer with fewer entities than were asked for is no answer', async () => {
    const accounts = await listen((_, response) => response.end('{"data":{"_entities":[]}}'));
    const { body } = await post(QUERY, {}, started({ urls: { accounts: accounts.url } }));
    await accounts.stop();
    expect(body).toMatchObject({ errors: [unavailable('accounts')], data: { product: { name: 'Oak lamp' } } });
    expect(log).toHaveBeenCalledWith('subgraph', expect.objectContaining({ subgraph: 'accounts' }));
  });
});

describe('a request that is not right', () => {
  test.each([
    ['with a syntax error', 'GRAPHQL_PARSE_FAILED', '{ products { '],
    ['for a field that is not there', 'GRAPHQL_VALIDATION_FAILED', '{ products { nome } }'],
    ['without a variable it needs', 'BAD_USER_INPUT', 'query ($id: ID!) { product(id: $id) { name } }'],
  ])('%s is a 400 with the code %s', async (_, code, query) => {
    const { status, text, body } = await post(query);
    expect(status).toBe(400);
    expect(body).toMatchObject({ errors: [{ extensions: { code } }] });
    expect(text).not.toMatch(/stack|did you mean/i);
  });

  test.each([
    ['is not JSON', { body: '{"query":' }, 400, 'bad_request'],
    ['has no body', {}, 400, 'bad_request'],
    [
      'is a form',
      { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'query={}' },
      415,
      'unsupported_media_type',
    ],
    ['is longer than 256 KiB', { body: `{"query":"${'#'.repeat(300_000)}"}` }, 413, 'too_large'],
    ['uses another method', { method: 'PUT', body: '{}' }, 405, 'method_not_allowed'],
    [
      'comes from a caller without a role',
      { principal: principal(), body: '{"query":"{ __typename }"}' },
      403,
      'forbidden',
    ],
  ])('that %s is refused as a problem', async (_, request, status, code) => {
    const { headers, ...answer } = await call(request);
    expect(answer).toMatchObject({ status, body: { code, requestId: GATEWAY_REQUEST_ID } });
    expect(headers).toMatchObject({ 'content-type': 'application/problem+json' });
  });

  const TWO = 'query A { products { name } } query B { products { name } }';
  test.each([
    ['names an operation that it does not hold', { query: TWO, operationName: 'C' }],
    ['does not say which of its operations it means', { query: TWO }],
  ])('that %s is a 400 before anything runs', async (_, asked) => {
    const { status, body } = await inBody(asked);
    expect(status).toBe(400);
    expect(body).toMatchObject({ errors: [{ extensions: { code: 'OPERATION_RESOLUTION_FAILURE' } }] });
    expect([shop.statements, log.mock.calls]).toEqual([[], []]);
  });

  test('that is too large in any way is a 400 with a stable code, before anything is validated', async () => {
    const deep = `${'{ products '.repeat(30)}${'}'.repeat(30)}`;
    for (const send of [inBody, get]) {
      const { status, body } = await send({ query: deep });
      expect({ status, body }).toMatchObject({ status: 400, body: { errors: [{ extensions: { code: 'TOO_DEEP' } }] } });
    }
    expect(shop.statements).toEqual([]);
  });

  test('that is a mutation sent with GET is a 405', async () => {
    const { status, headers } = await get({ query: 'mutation { __typename }' });
    expect({ status, allow: headers?.allow }).toEqual({ status: 405, allow: 'POST' });
  });

  test('that a web page of another origin could send is a 400', async () => {
    const { status, text } = await call({ method: 'GET', headers: {}, query: { query: '{ __typename }' } });
    expect(status).toBe(400);
    expect(text).toContain('CSRF');
  });

  test('that is a subscription is told that there are none', async () => {
    const { body } = await post('subscription { __typename }');
    expect(body).toMatchObject({
      errors: [{ extensions: { code: expect.stringMatching(/SUBSCRIPTIONS_UNSUPPORTED|VALIDATION/) } }],
    });
  });
});

test('a GET query is read as it was sent, percent signs and plus signs included', async () => {
  const { status, body } = await get({
    query: 'query ($id: ID!) { product(id: $id) { name } other: product(id: "100%+1%41") { name } }',
    variables: '{"id":"product-01"}',
  });
  expect({ status, body }).toEqual({ status: 200, body: { data: { product: { name: 'Oak lamp' }, other: null } } });
});

test('every answer carries the request id', async () => {
  for (const { headers } of [await post('{ __typename }'), await post('{'), await call({ body: '-' })])
    expect(headers).toMatchObject({ 'x-request-id': GATEWAY_REQUEST_ID });
});

test('a stage without subgraphs answers 503 not_ready to every operation, and says when to ask again', async () => {
  const empty = serve(graphRoutes, federatedGraph(async () => undefined).operations, served);
  for (const { status, headers, body } of [
    await post('{ __typename }', {}, empty),
    await call({ method: 'GET', headers: { 'x-api-key': 'k' }, query: { query: '{ __typename }' } }, empty),
  ]) {
    expect({ status, body }).toMatchObject({
      status: 503,
      body: { code: 'not_ready', detail: 'no subgraph is published yet' },
    });
    expect(headers).toMatchObject({ 'retry-after': '60', 'content-type': 'application/problem+json' });
  }
});

test('introspection answers only where the stage has it on', async () => {
  const query = '{ __schema { queryType { name } } }';
  expect((await post(query)).status).toBe(400);
  expect((await post(query, {}, started({ introspection: true }))).body).toEqual({
    data: { __schema: { queryType: { name: 'Query' } } },
  });
});

test('no header of a caller shows the query plan', async () => {
  const headers = { ...JSON_BODY, 'Apollo-Query-Plan-Experimental': '1' };
  const { body } = await call({ headers, body: '{"query":"{ products(first: 1) { name } }"}' });
  expect(body).toEqual({ data: { products: [{ name: 'Oak lamp' }] } });
});
