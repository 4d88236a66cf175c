import * as z from 'zod/mini';
import { version } from '../package.json';
import { errorSchemas, failuresOf, type Json } from './openapi-errors';
import { isCounted, LIMIT_HEADER_REFS, LIMIT_HEADERS } from './openapi-limits';
import { contracts } from './routes';
import type { Contract, ObjectSchema, Reply, Route, Schema } from './shared/http/route';

type Features = Readonly<Record<string, Contract>>;

/** The public OpenAPI 3.1 document as text. Same routes, same text: a change of the interface shows in the diff. */
export const openApiDocument = (): string => `${JSON.stringify(openApi(contracts), null, 2)}\n`;

/** OpenAPI 3.1 of these contracts by feature. It is made when we build: no function carries this code. */
export const openApi = (features: Features) => ({
  openapi: '3.1.0',
  info: {
    title: 'Gatehouse',
    version,
    summary: 'The front door of the platform.',
    description:
      'Every error is an RFC 9457 problem with a stable `code`, whose page says what to do. Every answer carries `x-request-id`: your own if you sent a sane one (8 to 128 letters, digits and `._~-`), else ours.',
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
  // Relative to the document's own address: right under a custom domain and under a stage's base path alike.
  servers: [{ url: '.' }],
  tags: Object.keys(features).map((name) => ({ name })),
  paths: paths(features),
  components: {
    ...errorComponents(features),
    headers: { RequestId: { description: 'Quote it to the operator.', schema: { type: 'string' } }, ...LIMIT_HEADERS },
    securitySchemes: {
      bearer: { type: 'http', scheme: 'bearer', description: 'An access token of `issueToken`, or an API key.' },
      apiKey: { type: 'apiKey', in: 'header', name: 'X-Api-Key' },
    },
  },
});

/** Any one of the listed schemes will do; two at once are refused. */
const SECURITY = { none: [], bearer: [{ bearer: [] }], any: [{ bearer: [] }, { apiKey: [] }] };

function paths(features: Features) {
  const found: Record<string, Record<string, Json>> = {};
  for (const [feature, contract] of Object.entries(features))
    for (const [name, route] of Object.entries(contract))
      found[route.path] = { ...found[route.path], [route.method.toLowerCase()]: operation(feature, name, route) };
  return found;
}

function operation(feature: string, name: string, route: Route): Json {
  const failures = failuresOf(route).map(({ status, ref }) => [status, { $ref: `#/components/responses/${ref}` }]);
  const parameters = [
    ...parametersOf('path', route.params),
    ...parametersOf('query', route.query),
    ...headersOf(route),
  ];
  return {
    operationId: name,
    tags: [feature],
    summary: route.summary,
    ...(route.deprecated !== undefined && { deprecated: true, 'x-deprecated-since': route.deprecated }),
    ...(route.since !== undefined && { 'x-since': route.since }),
    ...(route.permission !== undefined && { 'x-permission': route.permission }),
    security: SECURITY[route.auth],
    ...(parameters.length > 0 && { parameters }),
    ...(route.body && { requestBody: requestBody(route) }),
    responses: { [route.reply.status]: success(route, route.example?.reply), ...Object.fromEntries(failures) },
  };
}

function parametersOf(where: 'path' | 'query', object: ObjectSchema | undefined): Json[] {
  if (!object) return [];
  const { properties = {}, required = [] } = z.toJSONSchema(object, { io: 'input' });
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: where,
    required: required.includes(name),
    schema,
  }));
}

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'The same key with the same request is answered as the first time, for a day.',
  schema: { type: 'string', maxLength: 255 },
};
const IF_MATCH = {
  name: 'If-Match',
  in: 'header',
  required: false,
  description: 'The `ETag` of the version that you mean; another one answers 412.',
  schema: { type: 'string' },
};

const headersOf = ({ idempotent, conditional }: Route): Json[] => [
  ...(idempotent ? [IDEMPOTENCY_KEY] : []),
  ...(conditional ? [IF_MATCH] : []),
];

function requestBody({ body, example }: Route): Json | undefined {
  if (!body) return undefined;
  const content = { schema: schemaOf(body.schema, 'input'), ...exampleOf(example?.body) };
  return { required: true, content: { [body.contentType]: content } };
}

function success(route: Route, example: unknown): Json {
  const { status, contentType = 'application/json', body, headers = {} }: Reply = route.reply;
  const schema = body ? schemaOf(body, 'output') : { type: 'string' };
  const constant = Object.entries(headers).map(([name, value]) => [name, { schema: { const: value } }]);
  return {
    description: 'Success',
    headers: {
      'x-request-id': { $ref: '#/components/headers/RequestId' },
      ...(isCounted(route) && LIMIT_HEADER_REFS),
      ...Object.fromEntries(constant),
    },
    ...(status !== 204 && { content: { [contentType]: { schema, ...exampleOf(example) } } }),
  };
}

const exampleOf = (example: unknown) => (example === undefined ? {} : { example });

/** What a caller may send, or what it can count on in an answer. Answers stay open: one more property breaks nobody. */
function schemaOf(schema: Schema, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io,
    override: ({ jsonSchema }) => {
      if (io === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      // z.int() means a safe integer: saying so tells a reader nothing, and examples would show the bound.
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  return rest;
}

function errorComponents(features: Features) {
  const routes = Object.values(features).flatMap((contract) => Object.values(contract));
  const responses = routes.flatMap(failuresOf).map(({ ref, response }) => [ref, response]);
  const schemas = Object.entries(errorSchemas).map(([name, schema]) => [name, schemaOf(schema, 'output')]);
  return { schemas: Object.fromEntries(schemas), responses: Object.fromEntries(responses) };
}
