import { readDocument } from '../../../local/rest-api/document';
import { NotEmulated } from '../../../local/rest-api/not-emulated';

const uri =
  'arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:0:function:f/invocations';
const proxy = { type: 'aws_proxy', httpMethod: 'POST', uri };
const key = 'x-amazon-apigateway-integration';
const get = (operation: object, more: object = {}) => ({ paths: { '/x': { get: operation } }, ...more });
const scheme = (value: object) => ({
  components: { securitySchemes: { s: { type: 'apiKey', name: 'A', in: 'header', ...value } } },
});
const custom = (settings: object) =>
  scheme({
    'x-amazon-apigateway-authtype': 'custom',
    'x-amazon-apigateway-authorizer': { authorizerUri: uri, ...settings },
  });
const secured = { [key]: proxy, security: [{ s: [] }] };

test.each<[string, unknown, string]>([
  ['method resources instead of a document', undefined, 'not one OpenAPI document'],
  ['an http integration', get({ [key]: { type: 'http' } }), 'get /x: an integration of type http is not emulated'],
  ['no integration', get({}), 'get /x: an integration of type undefined'],
  ['a function called by GET', get({ [key]: { ...proxy, httpMethod: 'GET' } }), 'httpMethod is not POST'],
  ['an integration with a role', get({ [key]: { ...proxy, credentials: 'arn' } }), 'credentials'],
  ['a streaming integration', get({ [key]: { ...proxy, responseTransferMode: 'STREAM' } }), 'streams'],
  [
    'something that is no function',
    get({ [key]: { ...proxy, uri: 'arn:aws:apigateway:x:sqs:path' } }),
    'the function address',
  ],
  ['AWS_IAM', get(secured, scheme({ 'x-amazon-apigateway-authtype': 'awsSigv4' })), 'get /x: the security scheme s'],
  ['API keys', get(secured, scheme({})), 'get /x: the security scheme s'],
  [
    'two schemes at once',
    get(
      { [key]: proxy, security: [{ s: [], t: [] }] },
      {
        components: {
          securitySchemes: {
            s: custom({ type: 'token' }).components.securitySchemes.s,
            t: custom({ type: 'token' }).components.securitySchemes.s,
          },
        },
      },
    ),
    'more than one security scheme (s, t)',
  ],
  ['security for all', get({ [key]: proxy }, { security: [{ s: [] }] }), 'security for all operations'],
  [
    'a Cognito authorizer',
    get(secured, custom({ type: 'cognito_user_pools' })),
    'an authorizer of type "cognito_user_pools"',
  ],
  [
    'an authorizer with a role',
    get(secured, custom({ type: 'token', authorizerCredentials: 'arn' })),
    'authorizer with credentials',
  ],
  ['answers kept by nothing', get(secured, custom({ type: 'request' })), 'no identitySource'],
  [
    'an identity in the body',
    get(secured, custom({ type: 'request', identitySource: 'method.request.body' })),
    'the identity source method.request.body',
  ],
  [
    'an unknown validator',
    get({ [key]: proxy, 'x-amazon-apigateway-request-validator': 'v' }),
    'the request validator v',
  ],
  [
    'a mock in full Velocity',
    get({ [key]: { type: 'mock', requestTemplates: { 'application/json': '#if(true)' } } }),
    '#if(true)',
  ],
  [
    'a mock that reads its input',
    get({ [key]: { type: 'mock', requestTemplates: { 'application/json': '$input.body' } } }),
    '$input.body',
  ],
  [
    "a mock's computed header",
    get({
      [key]: {
        type: 'mock',
        responses: { default: { statusCode: 200, responseParameters: { 'method.response.header.X': 'context.path' } } },
      },
    }),
    'context.path',
  ],
  ['another passthrough', get({ [key]: { type: 'mock', passthroughBehavior: 'sometimes' } }), 'sometimes'],
  ['a method at /ping', { paths: { '/ping': { get: { [key]: proxy } } } }, "/ping is API Gateway's own path"],
])('%s is refused by name', (_, document, message) => {
  expect(() => readDocument(document)).toThrow(NotEmulated);
  expect(() => readDocument(document)).toThrow(message);
});
