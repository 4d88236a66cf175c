import { ERROR_CODES, PROBLEM_JSON, problem, Refusal } from '../../../lambdas/shared/errors';
import { corsHeaders } from '../../../lambdas/shared/http/cors';
import { gatewayResponses } from '../../../lib/gateway/responses';
import { at, text } from '../../support/template';

const ORIGIN = 'https://app.example.com';
const responses = Object.entries(gatewayResponses(ORIGIN));

/** "Gateway response types for API Gateway" in AWS's developer guide, as of 2026. */
const DOCUMENTED = [
  'ACCESS_DENIED',
  'API_CONFIGURATION_ERROR',
  'AUTHORIZER_CONFIGURATION_ERROR',
  'AUTHORIZER_FAILURE',
  'BAD_REQUEST_BODY',
  'BAD_REQUEST_PARAMETERS',
  'DEFAULT_4XX',
  'DEFAULT_5XX',
  'EXPIRED_TOKEN',
  'INTEGRATION_FAILURE',
  'INTEGRATION_TIMEOUT',
  'INVALID_API_KEY',
  'INVALID_SIGNATURE',
  'MISSING_AUTHENTICATION_TOKEN',
  'QUOTA_EXCEEDED',
  'REQUEST_TOO_LARGE',
  'RESOURCE_NOT_FOUND',
  'THROTTLED',
  'UNAUTHORIZED',
  'UNSUPPORTED_MEDIA_TYPE',
  'WAF_FILTERED',
];

test('every type that API Gateway knows has an answer of ours', () => {
  expect(responses.map(([type]) => type).toSorted()).toEqual(DOCUMENTED);
});

const THROTTLE = { name: 'throttle', scope: 'gateway', retryAfterSeconds: 1 };
const REQUEST_ID = 'c6af9ac6-7b61-11e6-9a41-93e8deadbeef';
/** As API Gateway fills a template: `messageString` brings its own quotes, the others do not. */
const filled = (template: string) =>
  template.replaceAll('$context.error.messageString', '"it says so"').replaceAll('$context.requestId', REQUEST_ID);

const bodyOf = (response: unknown): unknown =>
  JSON.parse(filled(text(at(response, 'responseTemplates', 'application/json'))));

test.each(responses)('%s is the same problem as serve() answers', (_, response) => {
  const body = bodyOf(response);
  const code = ERROR_CODES.find((known) => known === at(body, 'code'));
  const detail = at(body, 'detail');
  if (!code) throw new Error('no code of ours');
  // Its throttle knows no caller, and says whose limit it is.
  const extensions = code === 'rate_limited' ? { limit: THROTTLE } : {};
  const refusal = new Refusal(code, detail === undefined ? undefined : text(detail), { extensions });
  expect(body).toEqual(problem(refusal, REQUEST_ID));
  expect(at(response, 'statusCode')).toBe(at(body, 'status'));
});

const headersOf = (response: unknown): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(at(response, 'responseParameters') ?? {}).map(([name, value]) => [
      name.replace('gatewayresponse.header.', ''),
      text(value).replace(/^'(.*)'$/, '$1'),
    ]),
  );

test.each(responses)('%s carries the headers that serve() sends', (_, response) => {
  expect(headersOf(response)).toMatchObject({
    ...corsHeaders(ORIGIN),
    'content-type': PROBLEM_JSON,
    'cache-control': 'no-store',
    'x-request-id': 'context.requestId',
  });
});

const withHeader = (name: string) => responses.filter(([, response]) => name in headersOf(response));
const withStatus = (status: number) => responses.filter(([, response]) => at(response, 'statusCode') === status);

test('who is refused as unknown is told how to sign in', () => {
  expect(withStatus(401).length).toBeGreaterThan(2);
  expect(withHeader('www-authenticate')).toEqual(withStatus(401));
});

test('who asks too often is told when to come back', () => {
  expect(withStatus(429).length).toBeGreaterThan(1);
  expect(withHeader('retry-after')).toEqual(withStatus(429));
});

test('a header value is a constant in quotes or a name of the context, as API Gateway wants it', () => {
  const values = responses.flatMap(([, response]) => Object.values(at(response, 'responseParameters') ?? {}));
  expect(values.filter((value) => !/^('[^']*'|context\.\w+)$/.test(text(value)))).toEqual([]);
});
