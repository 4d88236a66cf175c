import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import schema from '@seriousme/openapi-schema-validator/schemas/v3.1/schema.json';
import Ajv from 'ajv/dist/2020';
import * as z from 'zod/mini';
import { openApi, openApiDocument } from '../../lambdas/openapi';
import { contracts } from '../../lambdas/routes';
import { ERRORS } from '../../lambdas/shared/errors';
import { corsHeaders } from '../../lambdas/shared/http/cors';
import { type Contract, json } from '../../lambdas/shared/http/route';
import { ask } from '../support/handled';
import { captureOutput } from '../support/output';
import { builtFiles, platformHandler } from '../support/platform';
import { everyRoute } from '../support/routes';

const PROBLEM = 'application/problem+json';

captureOutput();
const files = builtFiles();

const Content = z.record(z.string(), z.looseObject({}));
const Headers = z.record(z.string(), z.looseObject({}));
const Operation = z.looseObject({
  operationId: z.string(),
  tags: z.array(z.string()),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  parameters: z.optional(z.array(z.looseObject({ name: z.string(), in: z.string(), required: z.boolean() }))),
  requestBody: z.optional(z.looseObject({ content: Content })),
  responses: z.record(
    z.string(),
    z.looseObject({ $ref: z.optional(z.string()), content: z.optional(Content), headers: z.optional(Headers) }),
  ),
});
const Document = z.looseObject({
  openapi: z.literal('3.1.0'),
  paths: z.record(z.string(), z.record(z.string(), Operation)),
  components: z.looseObject({
    responses: z.record(z.string(), z.looseObject({ content: Content, headers: Headers })),
    schemas: z.looseObject({ Problem: z.looseObject({ properties: z.record(z.string(), z.unknown()) }) }),
    securitySchemes: z.record(z.string(), z.looseObject({})),
  }),
});

const read = (features: Readonly<Record<string, Contract>>) =>
  Document.parse(JSON.parse(JSON.stringify(openApi(features))));
const document = read(contracts);
const operationsOf = ({ paths }: typeof document) => Object.values(paths).flatMap((methods) => Object.values(methods));
const operationOf = (name: string) => {
  const found = operationsOf(document).find(({ operationId }) => operationId === name);
  if (!found) throw new Error(`no operation ${name}`);
  return found;
};

test('the committed copy is the one of these routes: `npx tsx bin/openapi.ts` writes it', () => {
  const committed = readFileSync(join(__dirname, '../../docs/api/openapi.json'), 'utf8');
  expect(committed).toBe(openApiDocument());
});

test('the function serves it', async () => {
  const answer = await ask(platformHandler(files), { resource: '/openapi.json' });
  expect(answer).toMatchObject({ status: 200, text: openApiDocument() });
});

test('it holds every route, once', () => {
  const names = operationsOf(document).map(({ operationId }) => operationId);
  expect(names.toSorted()).toEqual(everyRoute.map(([name]) => name).toSorted());
});

test('every reference leads to something', () => {
  const text = JSON.stringify(document);
  const names = [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map((match) => match[1] ?? '');
  const at = (path: string) =>
    path
      .split('/')
      .reduce<unknown>((value, key) => (value instanceof Object ? Reflect.get(value, key) : undefined), document);
  expect(names.length).toBeGreaterThan(10);
  expect(names.filter((name) => at(name) === undefined)).toEqual([]);
});

test.each(everyRoute)('%s shows who may call it, what it takes and what it gives', (name, route) => {
  const { security, parameters = [], requestBody, responses } = operationOf(name);
  const schemes = { none: [], bearer: ['bearer'], any: ['bearer', 'apiKey'] }[route.auth];
  expect(security).toEqual(schemes.map((scheme) => ({ [scheme]: [] })));
  expect(Object.keys(document.components.securitySchemes)).toEqual(
    expect.arrayContaining(security.flatMap(Object.keys)),
  );
  const declared = [
    ...Object.keys(route.params?.shape ?? {}),
    ...Object.keys(route.query?.shape ?? {}),
    ...(route.idempotent ? ['Idempotency-Key'] : []),
    ...(route.conditional ? ['If-Match'] : []),
  ];
  expect(parameters.map((parameter) => parameter.name)).toEqual(declared);
  expect(parameters.filter((parameter) => parameter.in === 'path' && !parameter.required)).toEqual([]);
  expect(Object.keys(requestBody?.content ?? {})).toEqual(route.body ? [route.body.contentType] : []);
  expect(responses[route.reply.status]).toBeDefined();
});

const statuses = (name: string) => Object.keys(operationOf(name).responses).map(Number);
const status = (code: keyof typeof ERRORS) => ERRORS[code].status;

test.each(everyRoute)(
  '%s shows every error that it can give, in the form it gives it',
  (name, { auth, body, errors = [], errorFormat }) => {
    const expected = [
      ...(['bad_request', 'rate_limited', 'blocked', 'internal', 'timed_out'] as const),
      ...errors,
      ...(auth === 'none' ? [] : (['unauthenticated', 'forbidden'] as const)),
      ...(body ? (['too_large', 'unsupported_media_type'] as const) : []),
    ];
    expect(statuses(name)).toEqual(expect.arrayContaining(expected.map(status)));
    const ref = operationOf(name).responses['400']?.$ref?.split('/').at(-1) ?? '';
    // The gateway's own answers in front of a page are problems too.
    const forms = { oauth: ['application/json'], problem: [PROBLEM], page: ['text/html; charset=utf-8', PROBLEM] };
    expect(Object.keys(document.components.responses[ref]?.content ?? {})).toEqual(forms[errorFormat ?? 'problem']);
  },
);

/** Written out here: a header that the document forgets is missed. */
const LIMIT_HEADERS = [
  'ratelimit',
  'ratelimit-policy',
  'x-ratelimit-limit',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
  'x-ratelimit-cost',
  'x-ratelimit-mode',
];
const referred = (name: string, code: number) => {
  const ref = operationOf(name).responses[code]?.$ref?.split('/').at(-1) ?? '';
  return document.components.responses[ref] ?? { headers: {}, content: {} };
};

test.each(everyRoute)(
  '%s shows what is left of its limits on a success, and when to come back on a 429',
  (name, route) => {
    const isCounted =
      route.auth !== 'none' || ['credentials', 'discovery', 'services'].includes(route.addressLimit ?? '');
    const success = Object.keys(operationOf(name).responses[route.reply.status]?.headers ?? {});
    expect(success.filter((header) => LIMIT_HEADERS.includes(header))).toEqual(
      isCounted ? expect.arrayContaining(LIMIT_HEADERS) : [],
    );
    expect(Object.keys(referred(name, 429).headers)).toEqual(expect.arrayContaining(['retry-after', ...LIMIT_HEADERS]));
  },
);

test.each(everyRoute.filter(([, { auth }]) => auth !== 'none'))(
  '%s shows that a request may cost more than its limits ever hold',
  (name) => {
    expect(text(referred(name, 400).content)).toContain('"code":"too_costly"');
  },
);

test('a problem names the limit that was reached, whose it is and when it frees', () => {
  expect(document.components.schemas.Problem.properties.limit).toMatchObject({
    properties: { name: {}, scope: {}, retryAfterSeconds: {}, freesAt: {} },
  });
});

test('pages of other origins may read every header that says where a caller stands', () => {
  const exposed = corsHeaders('*')['access-control-expose-headers'].split(',');
  expect(exposed).toEqual(expect.arrayContaining(['x-request-id', 'retry-after', ...LIMIT_HEADERS]));
});

test('a route on its way out says so, and since when', () => {
  const [operation] = operationsOf(
    read({
      things: {
        addThing: {
          method: 'POST',
          path: '/v1/things',
          summary: '',
          auth: 'any',
          permission: 'graph:query',
          body: json(z.strictObject({ size: z.optional(z.int()) })),
          reply: { status: 204 },
          since: '0.2.0',
          deprecated: '2027-01-01',
        },
      },
    }),
  );
  expect(operation).toMatchObject({
    tags: ['things'],
    deprecated: true,
    'x-deprecated-since': '2027-01-01',
    'x-since': '0.2.0',
    'x-permission': 'graph:query',
    requestBody: {
      content: {
        'application/json': { schema: { properties: { size: { type: 'integer' } }, additionalProperties: false } },
      },
    },
  });
  expect(operation?.responses['204']).not.toHaveProperty('content');
});

const text = (part: unknown) => JSON.stringify(part);

test('answers are open to more properties, requests are not', () => {
  expect(text(operationOf('createKey').requestBody)).toContain('"additionalProperties":false');
  expect(text(operationOf('createKey').responses['201'])).not.toContain('"additionalProperties":false');
});

test('the document is valid by the official schema of OpenAPI 3.1, which refuses one that is not', () => {
  const validate = new Ajv({ strict: false, validateFormats: false }).compile(schema);
  expect([validate(JSON.parse(openApiDocument())), validate.errors]).toEqual([true, null]);
  expect(validate({ ...JSON.parse(openApiDocument()), paths: { '/x': { get: { responses: 'none' } } } })).toBe(false);
});
