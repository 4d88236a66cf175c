import { contracts } from '../../../lambdas/routes';
import { gatewayDocument } from '../../../lib/gateway/document';
import { STAGE_NAMES, stageOf } from '../../../lib/stages';
import { everyRoute } from '../../support/routes';
import { stages } from '../../support/synthesize';
import { at, type Deployed, list, text } from '../../support/template';

const uri = (fn: string) =>
  `arn:AWS::Partition:apigateway:AWS::Region:lambda:path/2015-03-31/functions/${fn}Function/invocations`;
const document = gatewayDocument({
  apis: [
    { contract: contracts.auth, uri: uri('AuthApi') },
    { contract: contracts.tenants, uri: uri('TenantsApi') },
    { contract: contracts.issuers, uri: uri('IssuersApi') },
    { contract: contracts.keys, uri: uri('KeysApi') },
    { contract: contracts.limits, uri: uri('LimitsApi') },
    { contract: contracts.audit, uri: uri('AuditApi') },
    { contract: contracts.graph, uri: uri('GraphApi') },
    { contract: contracts.registry, uri: uri('RegistryApi') },
    { contract: contracts.webhooks, uri: uri('WebhooksApi') },
    { contract: contracts.platform, uri: uri('PlatformApi') },
  ],
  fallback: uri('PlatformApi'),
  authorizer: uri('AuthAuthorizer'),
  corsOrigin: '*',
});

const ANY = 'x-amazon-apigateway-any-method';
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);
const integrationOf = (operation: unknown) => at(operation, 'x-amazon-apigateway-integration');
const routes = everyRoute.map(([name, route]) => ({
  name,
  route,
  operation: at(document.paths, route.path, route.method.toLowerCase()),
}));

const REQUIRED_QUERY: Readonly<Record<string, readonly string[]>> = {
  checkPermission: ['query permission'],
  getEndpointKeys: ['query organisation'],
};

describe('each route', () => {
  test.each(routes)('$name is an operation under its own name', ({ name, operation }) => {
    expect(at(operation, 'operationId')).toBe(name);
  });

  test.each(routes)(
    '$name asks for the credentials its contract names, or says why it needs none',
    ({ route, operation }) => {
      const security = at(operation, 'security');
      if (route.auth === 'none')
        expect({ security, why: route.public }).toEqual({ security: undefined, why: expect.stringMatching(/\w+ \w+/) });
      else expect(security).toEqual([{ [route.auth]: [] }]);
    },
  );

  test.each(routes)(
    '$name declares the parameters of its path and of its query that must be there',
    ({ name, route, operation }) => {
      const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, param]) => `path ${param}`);
      const declared = list(at(operation, 'parameters')).map(
        (parameter) => `${text(at(parameter, 'in'))} ${text(at(parameter, 'name'))}`,
      );
      expect(declared).toEqual(expect.arrayContaining(inPath));
      expect(declared.filter((each) => !each.startsWith('path '))).toEqual(REQUIRED_QUERY[name] ?? []);
    },
  );
});

describe('each operation', () => {
  test('has an integration and the validator of bodies and parameters', () => {
    for (const { operation } of operations) {
      expect(integrationOf(operation)).toBeDefined();
      expect(at(operation, 'x-amazon-apigateway-request-validator')).toBe('all');
    }
    expect(document['x-amazon-apigateway-request-validators']).toEqual({
      all: { validateRequestBody: true, validateRequestParameters: true },
    });
  });

  test('that is no route only refuses: preflight by the gateway, other methods and other paths by serve()', () => {
    const others = operations.filter(({ operation }) => at(operation, 'operationId') === undefined);
    expect(new Set(others.map(({ method }) => method))).toEqual(new Set(['options', ANY]));
    expect(operations.length - others.length).toBe(everyRoute.length);
  });

  test('is given up on before API Gateway gives up', () => {
    const waits = operations.flatMap(({ operation }) => at(integrationOf(operation), 'timeoutInMillis') ?? []);
    expect(new Set(waits)).toEqual(new Set([29_000]));
  });
});

describe('each path', () => {
  const paths = Object.entries(document.paths);

  test.each(paths)('%s answers a preflight without a function', (_, methods) => {
    const integration = integrationOf(methods.options);
    expect(integration).toMatchObject({ type: 'mock', requestTemplates: { 'application/json': '{"statusCode":204}' } });
    expect(integration).not.toHaveProperty('uri');
    const sent = Object.keys(at(integration, 'responses', 'default', 'responseParameters') ?? {});
    const declared = Object.keys(at(methods.options, 'responses', '204', 'headers') ?? {});
    expect(sent).toEqual(declared.map((name) => `method.response.header.${name}`));
    expect(declared).toContain('Access-Control-Allow-Origin');
  });

  test.each(paths)('%s hands other methods to a function, which names the right ones', (_, methods) => {
    expect(integrationOf(methods[ANY])).toMatchObject({ type: 'aws_proxy', httpMethod: 'POST' });
  });

  test('has segments that API Gateway imports', () => {
    const segments = paths.flatMap(([path]) => path.split('/').slice(1));
    expect(segments.filter((segment) => !/^([\w.,:-]+|\{\w+\+?\}|)$/.test(segment))).toEqual([]);
    // API Gateway keeps these two to itself.
    expect(Object.keys(document.paths)).not.toContain('/ping');
    expect(Object.keys(document.paths)).not.toContain('/sping');
  });
});

test('a path that nobody serves reaches serve(), which says 404: API Gateway would refuse its Authorization header as no AWS signature', () => {
  for (const path of ['/', '/{proxy+}'])
    expect(integrationOf(at(document.paths, path, ANY))).toMatchObject({ type: 'aws_proxy', uri: uri('PlatformApi') });
  expect(everyRoute.map(([, { path }]) => path)).not.toContain('/{proxy+}');
});

/** Every JSON Schema of the document, those inside others included. */
function schemasIn(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => [
    ...(key === 'schema' ? [member] : []),
    ...(key === 'schemas' || key === 'properties' ? Object.values(member) : []),
    ...schemasIn(member),
  ]);
}

/** Draft 4 as API Gateway's import knows it: no allOf, oneOf, discriminator, exclusiveMinimum, readOnly, example. */
const KEYWORDS = [
  '$ref',
  'type',
  'properties',
  'required',
  'items',
  'enum',
  'format',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'pattern',
  'additionalProperties',
];

test('every schema uses keywords and formats that API Gateway imports', () => {
  const schemas = schemasIn(document);
  expect(schemas.length).toBeGreaterThan(3);
  const unknown = schemas
    .flatMap((schema) => Object.keys(Object(schema)))
    .filter((keyword) => !KEYWORDS.includes(keyword));
  expect(unknown).toEqual([]);
  const formats = schemas.flatMap((schema) => at(schema, 'format') ?? []);
  expect(formats.filter((format) => ['int32', 'int64', 'starts_with'].includes(text(format)))).toEqual([]);
});

test('the document is far from the megabyte that a template may hold', () => {
  expect(JSON.stringify(document).length).toBeLessThan(512 * 1024);
});

/** The deployed body with references written out as `Deployed.readable` does. */
function written(deployed: Deployed, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => written(deployed, item));
  if (typeof value !== 'object' || value === null) return value;
  if ('Fn::Join' in value) return deployed.readable(value);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, written(deployed, member)]));
}

test.each(STAGE_NAMES.filter((name) => stageOf(name).corsOrigin === '*'))('%s deploys this document', (name) => {
  expect(written(stages[name], stages[name].only('AWS::ApiGateway::RestApi').Properties.Body)).toEqual(document);
});
