import * as z from 'zod/mini';
import { ALLOWED } from '../../lambdas/shared/http/cors';
import type { Contract, Route } from '../../lambdas/shared/http/route';
import { gatewayResponses } from './responses';

/** Addresses of what stands behind the gateway; CloudFormation fills them in at deploy. */
export interface Backends {
  /** Each contract with the invocation URI of the function that serves it. */
  readonly apis: readonly { readonly contract: Contract; readonly uri: string }[];
  /** The function that answers what no route does; it says 404. */
  readonly fallback: string;
  /** The function that finds out who calls. */
  readonly authorizer: string;
  readonly corsOrigin: string;
}

const COMPRESS_FROM_BYTES = 1024;
const AUTHORIZER_TTL_SECONDS = 300;
const PREFLIGHT_SECONDS = 86_400;

/**
 * The REST API as one OpenAPI 3.0 document with API Gateway's extensions: one CloudFormation resource however many
 * routes. Its schemas are a coarse filter, cut to the keywords that import understands; `serve()` is the authority.
 */
export function gatewayDocument(backends: Backends) {
  const { corsOrigin, fallback } = backends;
  const paths: Record<string, Record<string, unknown>> = Object.fromEntries(
    CATCH_ALL.map((path) => [path, pathItem(path, fallback, corsOrigin)]),
  );
  for (const { contract, uri } of backends.apis)
    for (const [operationId, route] of Object.entries(contract)) {
      const path = (paths[route.path] ??= pathItem(route.path, uri, corsOrigin));
      path[route.method.toLowerCase()] = operation(operationId, route, uri);
    }
  return {
    openapi: '3.0.1',
    info: { title: 'Gatehouse', version: '1' },
    paths,
    components: {
      schemas: { Object: { type: 'object' } },
      securitySchemes: {
        bearer: keptAuthorizer(backends.authorizer),
        any: askedAuthorizer(backends.authorizer),
      },
    },
    'x-amazon-apigateway-request-validators': {
      all: { validateRequestBody: true, validateRequestParameters: true },
    },
    'x-amazon-apigateway-gateway-responses': gatewayResponses(corsOrigin),
    'x-amazon-apigateway-minimum-compression-size': COMPRESS_FROM_BYTES,
  };
}

/**
 * Every path that no route has. Without these API Gateway answers a request that carries an Authorization header of
 * ours with 403 IncompleteSignature, under DEFAULT_4XX, where no gateway response can tell it from other refusals.
 */
const CATCH_ALL = ['/', '/{proxy+}'];

function operation(operationId: string, route: Route, uri: string) {
  return {
    operationId,
    ...(route.auth !== 'none' && { security: [{ [route.auth]: [] }] }),
    parameters: parameters(route),
    ...(route.body?.contentType === 'application/json' && JSON_OBJECT_BODY),
    'x-amazon-apigateway-request-validator': 'all',
    'x-amazon-apigateway-integration': proxy(uri),
    responses: {},
  };
}

/** What each path takes beside its routes: preflight, and every other method, which serve() refuses with 405. */
function pathItem(path: string, uri: string, corsOrigin: string): Record<string, unknown> {
  return {
    options: {
      parameters: pathParameters(path),
      'x-amazon-apigateway-request-validator': 'all',
      'x-amazon-apigateway-integration': preflight(corsOrigin),
      responses: { 204: { description: 'preflight', headers: PREFLIGHT_HEADERS } },
    },
    'x-amazon-apigateway-any-method': {
      parameters: pathParameters(path),
      'x-amazon-apigateway-request-validator': 'all',
      'x-amazon-apigateway-integration': proxy(uri),
      responses: {},
    },
  };
}

const proxy = (uri: string) => ({ type: 'aws_proxy', httpMethod: 'POST', uri, timeoutInMillis: 29_000 });

const parameters = (route: Route) => [
  ...pathParameters(route.path),
  ...Object.entries(route.query?.shape ?? {})
    .filter(([, schema]) => !z.safeParse(schema, undefined).success)
    .map(([name]) => ({ in: 'query', name, required: true, schema: { type: 'string' } })),
];

const pathParameters = (path: string) =>
  [...path.matchAll(/\{(\w+)\+?\}/g)].map(([, name]) => ({
    in: 'path',
    name,
    required: true,
    schema: { type: 'string' },
  }));

const JSON_OBJECT_BODY = {
  requestBody: { required: true, content: { 'application/json': { schema: { $ref: '#/components/schemas/Object' } } } },
};

/** The answer is kept by the one header that identifies the caller; without it the gateway itself says 401. */
const keptAuthorizer = (authorizerUri: string) => ({
  type: 'apiKey',
  in: 'header',
  name: 'Authorization',
  'x-amazon-apigateway-authtype': 'custom',
  'x-amazon-apigateway-authorizer': {
    type: 'request',
    authorizerUri,
    identitySource: 'method.request.header.Authorization',
    authorizerResultTtlInSeconds: AUTHORIZER_TTL_SECONDS,
  },
});

/**
 * Either of two headers identifies the caller. API Gateway wants every identity source to be there before it keeps an
 * answer or even asks, so this authorizer has none and is asked for each request (docs/adr/0004).
 */
const askedAuthorizer = (authorizerUri: string) => ({
  type: 'apiKey',
  in: 'header',
  name: 'Unused',
  'x-amazon-apigateway-authtype': 'custom',
  'x-amazon-apigateway-authorizer': { type: 'request', authorizerUri, authorizerResultTtlInSeconds: 0 },
});

const CORS = {
  'Access-Control-Allow-Origin': '',
  'Access-Control-Allow-Methods': "'GET,POST,PUT,PATCH,DELETE'",
  'Access-Control-Allow-Headers': `'${ALLOWED.join(',')}'`,
  'Access-Control-Max-Age': `'${PREFLIGHT_SECONDS}'`,
};

const PREFLIGHT_HEADERS = Object.fromEntries(Object.keys(CORS).map((name) => [name, { schema: { type: 'string' } }]));

/** Answered by the gateway itself; no function runs for a preflight. */
const preflight = (corsOrigin: string) => ({
  type: 'mock',
  requestTemplates: { 'application/json': '{"statusCode":204}' },
  passthroughBehavior: 'when_no_match',
  responses: {
    default: {
      statusCode: '204',
      responseParameters: Object.fromEntries(
        Object.entries({ ...CORS, 'Access-Control-Allow-Origin': `'${corsOrigin}'` }).map(([name, value]) => [
          `method.response.header.${name}`,
          value,
        ]),
      ),
    },
  },
});
