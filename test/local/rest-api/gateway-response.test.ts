import {
  GatewayError,
  type GatewayResponseType,
  gatewayResponse,
  gatewayResponsesOf,
} from '../../../local/rest-api/gateway-response';

const request = {
  headers: { origin: 'https://me', accept: 'application/xml' },
  context: { requestId: 'r-1', path: '/x', authorizer: { principalId: 'ada' } },
  stageVariables: { color: 'green' },
};
const responses = (value: object = {}) => gatewayResponsesOf({ 'x-amazon-apigateway-gateway-responses': value });
const answer = (error: GatewayError, value?: object, accept?: string) =>
  gatewayResponse(error, responses(value), { ...request, headers: { ...request.headers, accept } });

test.each<[GatewayResponseType, number, string | null]>([
  ['ACCESS_DENIED', 403, 'User is not authorized to access this resource'],
  ['API_CONFIGURATION_ERROR', 500, 'Internal server error'],
  ['AUTHORIZER_CONFIGURATION_ERROR', 500, null],
  ['AUTHORIZER_FAILURE', 500, null],
  ['BAD_REQUEST_BODY', 400, 'Invalid request body'],
  ['BAD_REQUEST_PARAMETERS', 400, 'Missing required request parameters'],
  ['EXPIRED_TOKEN', 403, 'The security token included in the request is expired'],
  ['INTEGRATION_FAILURE', 504, 'Internal server error'],
  ['INTEGRATION_TIMEOUT', 504, 'Endpoint request timed out'],
  ['INVALID_API_KEY', 403, 'Forbidden'],
  ['INVALID_SIGNATURE', 403, 'The request signature does not match'],
  ['MISSING_AUTHENTICATION_TOKEN', 403, 'Missing Authentication Token'],
  ['QUOTA_EXCEEDED', 429, 'Limit Exceeded'],
  ['REQUEST_TOO_LARGE', 413, 'Request Too Long'],
  ['RESOURCE_NOT_FOUND', 404, 'Not Found'],
  ['THROTTLED', 429, 'Too Many Requests'],
  ['UNAUTHORIZED', 401, 'Unauthorized'],
  ['UNSUPPORTED_MEDIA_TYPE', 415, 'Unsupported Media Type'],
  ['WAF_FILTERED', 403, 'Forbidden'],
])('%s that the document does not shape is AWS’s %s', (type, status, message) => {
  const { status: given, headers, body } = answer(new GatewayError(type));
  expect(given).toBe(status);
  expect(headers).toMatchObject({
    'Content-Type': 'application/json',
    'x-amzn-ErrorType': expect.stringMatching(/Exception$/),
  });
  expect(JSON.parse(body)).toEqual({ [type === 'ACCESS_DENIED' ? 'Message' : 'message']: message });
});

test.each<[string, GatewayResponseType, object, number, string]>([
  [
    'its own response',
    'UNAUTHORIZED',
    { UNAUTHORIZED: { statusCode: '499' }, DEFAULT_4XX: { statusCode: 498 } },
    499,
    '{"message":"Unauthorized"}',
  ],
  [
    'the default of its class, status included',
    'UNAUTHORIZED',
    { DEFAULT_4XX: { statusCode: 498 } },
    498,
    '{"message":"Unauthorized"}',
  ],
  [
    'the default of its class, with its own status',
    'THROTTLED',
    { DEFAULT_4XX: { responseTemplates: { 'application/json': 'no' } } },
    429,
    'no',
  ],
  [
    'not the default of the other class',
    'INTEGRATION_TIMEOUT',
    { DEFAULT_4XX: { statusCode: 498 } },
    504,
    '{"message":"Endpoint request timed out"}',
  ],
])('an error gets %s', (_, type, value, status, body) => {
  expect(answer(new GatewayError(type), value)).toMatchObject({ status, body });
});

const templated = (template: string) => ({ DEFAULT_4XX: { responseTemplates: { 'application/json': template } } });

test.each([
  ['$context.requestId', 'r-1'],
  ['${context.path}', '/x'],
  ['{"a":$context.error.messageString}', '{"a":"say \\"it\\""}'],
  ['$context.error.message', 'say "it"'],
  ['$context.error.responseType.', 'BAD_REQUEST_BODY.'],
  ['"$context.error.validationErrorString"', '"[missing ([\\"a\\"])]"'],
  ['$context.authorizer.principalId', 'ada'],
  ['$context.authorizer.nobody|$context.authorizer', '|'],
  ['$stageVariables.color', 'green'],
])('the template %s becomes %s', (template, expected) => {
  const error = new GatewayError('BAD_REQUEST_BODY', { message: 'say "it"', validation: '[missing (["a"])]' });
  expect(answer(error, templated(template)).body).toBe(expected);
});

test('headers come from constants, the context and the request; empty ones are left out', () => {
  const responseParameters = {
    'gatewayresponse.header.Content-Type': "'application/problem+json'",
    'gatewayresponse.header.X-Id': 'context.requestId',
    'gatewayresponse.header.X-Origin': 'method.request.header.Origin',
    'gatewayresponse.header.X-None': 'method.request.header.Nothing',
  };
  expect(answer(new GatewayError('UNAUTHORIZED'), { UNAUTHORIZED: { responseParameters } }).headers).toEqual({
    'Content-Type': 'application/problem+json',
    'x-amzn-ErrorType': 'UnauthorizedException',
    'X-Id': 'r-1',
    'X-Origin': 'https://me',
  });
});

test.each([
  ['application/xml', '<x/>'],
  ['text/html', '{}'],
  [undefined, '{}'],
])('a client that accepts %s gets the template %s', (accept, body) => {
  const responseTemplates = { 'application/xml': '<x/>', 'application/json': '{}' };
  expect(answer(new GatewayError('UNAUTHORIZED'), { UNAUTHORIZED: { responseTemplates } }, accept).body).toBe(body);
});
