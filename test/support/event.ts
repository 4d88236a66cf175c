import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import type { Access } from '../../lambdas/shared/access/access';
import { NO_PERMISSIONS, type Role, setOfRole, union } from '../../lambdas/shared/access/permissions';
import { authorizerContext, type Identity } from '../../lambdas/shared/access/principal';
import type { ServeOptions } from '../../lambdas/shared/http/serve';
import type { AddressGuard } from '../../lambdas/shared/limits/addresses';
import type { LimitState, Policy } from '../../lambdas/shared/limits/standing';

export const ORGANISATION = '3f0c9a52-8a35-4f0e-9d0a-6f0f1f5f7c11';

interface Request {
  readonly method?: string;
  /** The route's path with its braces, as API Gateway names the resource. */
  readonly resource: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | readonly string[]>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | null;
  readonly base64?: boolean;
  readonly principal?: Identity | undefined;
  readonly address?: string;
  readonly userAgent?: string;
  /** @default now */
  readonly arrivedAtMs?: number;
}

/** A caller who is not in any database; `rolesAccess` gives it what these roles hold. */
export const principal = (...roles: Role[]): Identity => ({
  kind: 'user',
  id: 'user-1',
  organisation: ORGANISATION,
  external: { issuer: 'https://issuer.example', subject: 'user-1', roles, issuedAtSeconds: 0 },
});

const UNLIMITED: Policy = {
  kind: 'burst',
  name: 'burst',
  scope: 'user',
  limit: 1_000,
  left: 999,
  resetSeconds: 1,
  windowSeconds: 1,
};
export const NO_LIMITS: LimitState = { policies: [UNLIMITED], binding: UNLIMITED, degraded: false };

/** Rights by the roles that the caller itself names: for tests of what stands behind or before the real check. */
const rolesAccess: Access = {
  async admit(identity) {
    const roles = identity.external?.roles ?? [];
    const admitted = {
      ...identity,
      roles,
      permissions: roles.map(setOfRole).reduce(union, NO_PERMISSIONS),
      grants: [],
      plan: 'free',
      organisationPlan: 'free',
    };
    return { principal: admitted, limits: NO_LIMITS, leave: () => undefined };
  },
  noteRefusal: async () => undefined,
};
/** Nobody is counted here. */
export const uncounted: AddressGuard = { admit: async () => undefined, wrong: async () => undefined };
export const served: ServeOptions = { corsOrigin: '*', access: rolesAccess, addresses: uncounted };

/** What API Gateway hands a function for this request: the members that `serve()` may read. */
export function event({ method = 'GET', resource, ...request }: Request): APIGatewayProxyEvent {
  const { params = null, query = {}, headers = {}, body = null, base64 = false } = request;
  const values = Object.entries(query).map(([name, value]): [string, string[]] => [name, [value].flat()]);
  return {
    resource,
    path: resource,
    httpMethod: method,
    headers: { ...headers },
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    pathParameters: params && { ...params },
    queryStringParameters: Object.fromEntries(values.map(([name, all]) => [name, all.at(-1)])),
    multiValueQueryStringParameters: Object.fromEntries(values),
    stageVariables: { publicUrl: 'https://api.example.com' },
    body,
    isBase64Encoded: base64,
    requestContext: requestContext(method, resource, request),
  };
}

function requestContext(
  method: string,
  resource: string,
  { principal: caller, address = '192.0.2.1', userAgent, arrivedAtMs = Date.now() }: Omit<Request, 'resource'>,
) {
  return {
    accountId: '000000000000',
    apiId: 'api',
    authorizer: caller ? { principalId: caller.id, ...authorizerContext(caller) } : {},
    protocol: 'HTTP/1.1',
    httpMethod: method,
    identity: { ...IDENTITY, sourceIp: address, userAgent: userAgent ?? null },
    path: resource,
    stage: 'test',
    requestId: GATEWAY_REQUEST_ID,
    requestTimeEpoch: arrivedAtMs,
    resourceId: 'resource',
    resourcePath: resource,
  };
}

export const GATEWAY_REQUEST_ID = 'c6af9ac6-7b61-11e6-9a41-93e8deadbeef';

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
  user: null,
  userArn: null,
};

export const context: Context = {
  callbackWaitsForEmptyEventLoop: false,
  functionName: 'test',
  functionVersion: '1',
  invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:test',
  memoryLimitInMB: '256',
  awsRequestId: 'aws-request',
  logGroupName: 'group',
  logStreamName: 'stream',
  getRemainingTimeInMillis: () => 1000,
  done: () => undefined,
  fail: () => undefined,
  succeed: () => undefined,
};
