import * as z from 'zod/mini';
import { Refusal, refuse } from '../../../lambdas/shared/errors';
import { Answer, type Contract, form, json } from '../../../lambdas/shared/http/route';
import { serve } from '../../../lambdas/shared/http/serve';
import { GATEWAY_REQUEST_ID, principal, served } from '../../support/event';
import { ask } from '../../support/handled';
import { captureOutput } from '../../support/output';

const output = captureOutput();
const open = { auth: 'none', public: 'a test' } as const;
const Thing = z.object({ id: z.string(), size: z.optional(z.int()) });

const contract = {
  getThing: {
    ...open,
    method: 'GET',
    path: '/things/{id}',
    summary: '',
    params: z.strictObject({ id: z.string() }),
    reply: { status: 200, body: Thing, headers: { 'cache-control': 'no-store' } },
  },
  addThing: {
    ...open,
    method: 'POST',
    path: '/things',
    summary: '',
    body: json(z.strictObject({ id: z.string(), tags: z.optional(z.array(z.string())) })),
    reply: { status: 201, body: Thing },
  },
  getMine: {
    method: 'GET',
    path: '/mine',
    summary: '',
    auth: 'any',
    permission: 'graph:query',
    reply: { status: 200, body: Thing },
  },
  removeThing: {
    ...open,
    method: 'DELETE',
    path: '/things/{id}',
    summary: '',
    params: z.strictObject({ id: z.string() }),
    reply: { status: 204 },
  },
  getFile: { ...open, method: 'GET', path: '/file', summary: '', reply: { status: 200, contentType: 'text/plain' } },
  getBytes: { ...open, method: 'GET', path: '/bytes', summary: '', reply: { status: 200, contentType: 'image/png' } },
  grant: {
    ...open,
    method: 'POST',
    path: '/grant',
    summary: '',
    body: form(z.strictObject({ grant_type: z.string() })),
    reply: { status: 200, body: Thing },
    errorFormat: 'oauth',
  },
  speak: {
    ...open,
    method: 'POST',
    path: '/raw',
    summary: '',
    body: json(z.looseObject({})),
    reply: { status: 200 },
    raw: true,
  },
  fail: { ...open, method: 'GET', path: '/fail', summary: '', reply: { status: 200, body: Thing } },
} as const satisfies Contract;

const SECRET = 'password=hunter2';
const options = { ...served, corsOrigin: 'https://app.example.com' };

const handler = serve(
  contract,
  {
    // A row of a store holds more than the contract names.
    getThing: async ({ params }) => Object.assign({ id: params.id }, { secret: SECRET }),
    addThing: async ({ body }) => new Answer({ id: body.id }, { location: `/things/${body.id}` }),
    getMine: async ({ principal: { id, organisation } }) => ({ id: `${id} of ${organisation}` }),
    removeThing: async () => undefined,
    getFile: async () => new Answer('hello', { 'content-type': 'text/markdown' }),
    getBytes: async () => new Uint8Array([137, 80, 78, 71]),
    grant: async ({ body }) =>
      body.grant_type === 'password'
        ? refuse('bad_request', 'no such user', { extensions: { error: 'invalid_grant' } })
        : { id: '1' },
    speak: async ({ event }) => ({
      status: 418,
      headers: { 'content-type': 'text/plain' },
      body: `heard ${event.body}`,
    }),
    fail: async () => {
      throw new Error(SECRET);
    },
  },
  options,
);

const thing = { resource: '/things/{id}', params: { id: 'a' } };
const asJson = { 'content-type': 'application/json; charset=utf-8' };
const asForm = { 'content-type': 'application/x-www-form-urlencoded' };
const add = (body: string) => ask(handler, { method: 'POST', resource: '/things', headers: asJson, body });

describe('an answer', () => {
  test('carries only the properties that its contract declares', async () => {
    const { status, headers, text } = await ask(handler, thing);
    expect({ status, text }).toEqual({ status: 200, text: '{"id":"a"}' });
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'cache-control': 'no-store' });
  });

  test('carries the headers that the operation computes', async () => {
    const { status, headers } = await add('{"id":"b"}');
    expect({ status, headers }).toMatchObject({ status: 201, headers: { location: '/things/b' } });
  });

  test('without content has an empty body', async () => {
    expect(await ask(handler, { ...thing, method: 'DELETE' })).toMatchObject({ status: 204, text: '' });
  });

  test('of text takes the content type that the operation names', async () => {
    const { headers, text } = await ask(handler, { resource: '/file' });
    expect({ type: headers['content-type'], text }).toEqual({ type: 'text/markdown', text: 'hello' });
  });

  test('of bytes goes out as base64', async () => {
    expect(await ask(handler, { resource: '/bytes' })).toMatchObject({ status: 200, text: 'iVBORw==' });
  });

  test('of a raw operation leaves as it is, with the request id added', async () => {
    const answer = await ask(handler, { method: 'POST', resource: '/raw', headers: asJson, body: '{}' });
    expect(answer).toMatchObject({ status: 418, text: 'heard {}', headers: { 'x-request-id': GATEWAY_REQUEST_ID } });
  });
});

describe('pages of the stage’s origin', () => {
  test.each([
    ['a reply', thing],
    ['a raw reply', { method: 'POST', resource: '/raw', headers: asJson, body: '{}' }],
    ['a refusal', { resource: '/nowhere' }],
    ['a fault', { resource: '/fail' }],
  ])('may read %s and its request id', async (_, request) => {
    const { headers } = await ask(handler, request);
    expect(headers).toMatchObject({
      'access-control-allow-origin': 'https://app.example.com',
      'access-control-expose-headers': expect.stringMatching(
        /^x-request-id,etag,.*retry-after.*ratelimit,ratelimit-policy/,
      ),
    });
  });
});

describe('the principal', () => {
  test('reaches the operation as the authorizer found it', async () => {
    const { text } = await ask(handler, { resource: '/mine', principal: principal('viewer') });
    expect(text).toContain('user-1 of 3f0c9a52');
  });

  test('with a role that nobody knows may do nothing', async () => {
    const { external, ...identity } = principal('viewer');
    const stranger = { ...identity, ...(external && { external: { ...external, roles: ['root'] } }) };
    expect(await ask(handler, { resource: '/mine', principal: stranger })).toMatchObject({ status: 403 });
  });

  test.each([
    ['in two headers', { authorization: 'Bearer a', 'x-api-key': 'b' }],
    ['in two spellings of one', { Authorization: 'Bearer a', authorization: 'Bearer b' }],
  ])('with two credentials %s is refused, whatever the gateway has kept', async (_, headers) => {
    const answer = await ask(handler, { resource: '/mine', headers, principal: principal('viewer') });
    expect(answer).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
  });
});

describe('a request body', () => {
  test('that is not JSON answers 400', async () => {
    expect(await add('{"id":')).toMatchObject({ status: 400, body: { detail: 'body: is not JSON' } });
  });

  test('with several faults is refused once, naming all of them', async () => {
    const { body } = await add('{"tags":["a",1],"more":true}');
    expect(body.errors).toEqual([
      { in: 'body', name: 'id', detail: 'is missing' },
      { in: 'body', name: 'tags.1', detail: 'must be of type string' },
      { in: 'body', name: 'more', detail: 'is not known here' },
    ]);
  });

  test('with thousands of unknown properties gets a short answer', async () => {
    const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`k${index}`, 1]));
    const { status, text } = await add(JSON.stringify({ id: 'a', ...many }));
    expect(status).toBe(400);
    expect(text.length).toBeLessThan(10_000);
  });

  test('with an enormous unknown name gets a short answer', async () => {
    const { status, text } = await add(JSON.stringify({ id: 'a', ['k'.repeat(200_000)]: 1 }));
    expect(status).toBe(400);
    expect(text.length).toBeLessThan(10_000);
  });

  test('in base64 is decoded', async () => {
    const body = Buffer.from('{"id":"ü"}').toString('base64');
    const answer = await ask(handler, { method: 'POST', resource: '/things', headers: asJson, body, base64: true });
    expect(answer.headers.location).toBe('/things/ü');
  });

  test('as a form may not give a parameter twice (RFC 6749 section 3.2)', async () => {
    const answer = await ask(handler, {
      method: 'POST',
      resource: '/grant',
      headers: asForm,
      body: 'grant_type=a&grant_type=b',
    });
    expect(answer).toMatchObject({ status: 400, text: expect.stringContaining('more than once') });
  });
});

describe('a query', () => {
  test('may not give a parameter twice', async () => {
    const answer = await ask(handler, { ...thing, query: { a: ['1', '2'] } });
    expect(answer).toMatchObject({ status: 400, body: { detail: 'query: given more than once: a' } });
  });
});

const idOf = async (theirs: string) =>
  (await ask(handler, { ...thing, headers: { 'X-Request-ID': theirs } })).headers['x-request-id'];

describe('the request id', () => {
  test.each(['my-request_1.2~3', 'a'.repeat(8), 'Z'.repeat(128)])('%s is the caller’s own', async (sane) => {
    expect(await idOf(sane)).toBe(sane);
  });

  test.each(['', 'short', 'a'.repeat(129), 'has a space', 'line\nbreak', '<script>', 'ümlaut-id'])(
    '%j is not a sane one: the gateway’s stands',
    async (insane) => {
      expect(await idOf(insane)).toBe(GATEWAY_REQUEST_ID);
    },
  );

  test('stands in every log line of the request', async () => {
    await ask(handler, { resource: '/fail', headers: { 'x-request-id': 'trace-this-one' } });
    const logged = output.lines().filter((line) => line.includes('"level"'));
    expect(logged.length).toBeGreaterThan(1);
    expect(logged.filter((line) => !line.includes('trace-this-one'))).toEqual([]);
  });
});

const grant = async (body: string) =>
  JSON.parse((await ask(handler, { method: 'POST', resource: '/grant', headers: asForm, body })).text);

describe('an error', () => {
  test('is a problem of RFC 9457 with its code, its page and the request id', async () => {
    const { headers, text } = await ask(handler, { resource: '/nowhere' });
    expect(headers).toMatchObject({ 'content-type': 'application/problem+json', 'cache-control': 'no-store' });
    expect(JSON.parse(text)).toEqual({
      type: '/problems/not_found',
      title: 'No such resource',
      status: 404,
      code: 'not_found',
      requestId: GATEWAY_REQUEST_ID,
    });
  });

  test('nobody expected answers `internal` and tells nothing of itself', async () => {
    const { status, text, body } = await ask(handler, { resource: '/fail' });
    expect({ status, code: body.code }).toEqual({ status: 500, code: 'internal' });
    expect(text).not.toContain(SECRET);
  });

  test('nobody expected is logged whole and counted as a fault of this function', async () => {
    jest.replaceProperty(process, 'env', { ...process.env, AWS_LAMBDA_FUNCTION_NAME: 'auth' });
    await ask(handler, { resource: '/fail' });
    const line = output.lines().find((logged) => logged.includes('"fault"'));
    expect(line).toContain(SECRET);
    expect(line).toContain(GATEWAY_REQUEST_ID);
    const metric = output.lines().find((printed) => printed.includes('_aws'));
    expect(JSON.parse(metric ?? '{}')).toMatchObject({ Faults: 1, service: 'gatehouse', function: 'auth' });
  });

  test('that is the caller’s is not counted as a fault', async () => {
    await ask(handler, { resource: '/nowhere' });
    expect(output.text()).not.toContain('Faults');
  });

  test('that waits for a part of the platform is logged, and is no fault: a probe while the database wakes rings no alarm', async () => {
    const waiting = serve({ fail: contract.fail }, { fail: () => Promise.reject(new Refusal('not_ready')) }, options);
    await ask(waiting, { resource: '/fail' });
    expect(output.text()).toContain('"not ready"');
    expect(output.text()).not.toContain('Faults');
  });

  test('at an OAuth endpoint has the form of RFC 6749 section 5.2', async () => {
    expect(await grant('grant_type=password')).toEqual({ error: 'invalid_grant', error_description: 'no such user' });
    expect(await grant('wrong=1')).toMatchObject({ error: 'invalid_request' });
  });

  test('keeps its cause to itself', async () => {
    const failing = serve(
      { fail: contract.fail },
      { fail: () => Promise.reject(new Refusal('not_ready', 'the cache', { cause: new Error(SECRET) })) },
      options,
    );
    const { status, text } = await ask(failing, { resource: '/fail' });
    expect({ status, leaked: text.includes(SECRET) }).toEqual({ status: 503, leaked: false });
  });

  test('of an operation that breaks its own contract is ours, not the caller’s', async () => {
    const broken = serve({ getThing: contract.getThing }, { getThing: async () => JSON.parse('{"id":1}') }, options);
    expect(await ask(broken, thing)).toMatchObject({ status: 500, body: { code: 'internal' } });
  });
});

test('a request’s headers, query and body are never logged', async () => {
  const headers = { ...asJson, authorization: 'Bearer tell-nobody-1' };
  const good = { method: 'POST', resource: '/things', headers, body: '{"id":"tell-nobody-2"}' };
  const answers = [await ask(handler, good), await ask(handler, { ...good, query: { q: 'tell-nobody-3' } })];
  expect(answers.map(({ status }) => status)).toEqual([201, 400]);
  expect(output.text()).toContain('"operation":"addThing"');
  expect(output.text()).not.toContain('tell-nobody');
});
