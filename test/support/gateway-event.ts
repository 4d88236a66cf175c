import type { APIGatewayProxyEvent } from 'aws-lambda';

interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly roles?: string;
}

/** What a REST API hands to its Lambda for this request, as a user of the roles that the authorizer has let in. */
export function gatewayEvent({ method, path, headers = {}, query = {}, body, roles = 'viewer' }: Request) {
  const principal = {
    kind: 'user',
    principalId: 'user-1',
    organisation: '5f0c6f4e-6f0b-4c52-9f0a-3b6f0e6f7a11',
    roles,
  };
  return {
    resource: path,
    path,
    httpMethod: method,
    headers,
    multiValueHeaders: many(headers),
    queryStringParameters: query,
    multiValueQueryStringParameters: many(query),
    pathParameters: null,
    stageVariables: { publicUrl: 'https://api.example' },
    body: body ?? null,
    isBase64Encoded: false,
    requestContext: {
      accountId: '000000000000',
      apiId: 'api',
      authorizer: principal,
      httpMethod: method,
      identity: IDENTITY,
      path,
      protocol: 'HTTP/1.1',
      requestId: 'gateway-request-1',
      requestTimeEpoch: 1_710_270_238_000,
      resourceId: 'resource',
      resourcePath: path,
      stage: 'test',
    },
  } satisfies APIGatewayProxyEvent;
}

const many = (values: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value]]));

const IDENTITY = {
  accessKey: null,
  accountId: null,
  apiKey: null,
  apiKeyId: null,
  caller: null,
  clientCert: null,
  cognitoAuthenticationProvider: null,
  cognitoAuthenticationType: null,
  cognitoIdentityId: null,
  cognitoIdentityPoolId: null,
  principalOrgId: null,
  sourceIp: '192.0.2.1',
  user: null,
  userAgent: null,
  userArn: null,
};
