import * as fc from 'fast-check';
import * as z from 'zod/mini';
import { type Contract, form, json } from '../../../lambdas/shared/http/route';
import { serve } from '../../../lambdas/shared/http/serve';
import { served } from '../../support/event';
import { ask } from '../../support/handled';
import { captureOutput } from '../../support/output';

captureOutput();
const open = { auth: 'none', public: 'a test' } as const;
const shape = z.strictObject({
  name: z.string().check(z.maxLength(5)),
  count: z.optional(z.int()),
  kind: z.optional(z.enum(['a', 'b'])),
  nested: z.optional(z.strictObject({ ids: z.array(z.uuid()) })),
});
const contract = {
  asJson: {
    ...open,
    method: 'POST',
    path: '/json/{id}',
    summary: '',
    params: z.strictObject({ id: z.string() }),
    query: z.strictObject({ page: z.optional(z.string()) }),
    body: json(shape, 1_000),
    reply: { status: 200, body: shape },
  },
  asForm: {
    ...open,
    method: 'POST',
    path: '/form',
    summary: '',
    body: form(shape),
    reply: { status: 200, body: shape },
  },
} as const satisfies Contract;
const handler = serve(contract, { asJson: async ({ body }) => body, asForm: async ({ body }) => body }, served);

const values = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.array(fc.string(), { minLength: 1 })));
const header = fc.dictionary(
  fc.constantFrom('content-type', 'Content-Type', 'x-request-id', 'accept'),
  fc.oneof(fc.string(), fc.constantFrom('application/json', 'application/x-www-form-urlencoded', 'APPLICATION/JSON;')),
);
const almostRight = fc.record(
  { name: fc.oneof(fc.string(), fc.anything()), count: fc.anything(), nested: fc.anything(), more: fc.anything() },
  { requiredKeys: [] },
);
const body = fc.oneof(
  fc.string(),
  fc.json(),
  almostRight.map((value) => JSON.stringify(value)),
  fc.constant(null),
);

test('no body, query or header makes the answer anything but a success or the caller’s fault', async () => {
  const request = fc.record({ query: values, headers: header, body, base64: fc.boolean(), form: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(request, async ({ form: isForm, ...rest }) => {
      const address = isForm ? { resource: '/form' } : { resource: '/json/{id}', params: { id: '1' } };
      const { status } = await ask(handler, { method: 'POST', ...address, ...rest });
      return status === 200 || (status >= 400 && status < 500);
    }),
    { numRuns: 1_000 },
  );
});

test('what is accepted is exactly what was sent', async () => {
  const right = fc.record(
    { name: fc.string({ maxLength: 5 }), count: fc.integer(), kind: fc.constantFrom('a', 'b') },
    { requiredKeys: ['name'] },
  );
  await fc.assert(
    fc.asyncProperty(right, async (sent) => {
      const headers = { 'content-type': 'application/json' };
      const request = {
        method: 'POST',
        resource: '/json/{id}',
        params: { id: '1' },
        headers,
        body: JSON.stringify(sent),
      };
      const { status, text } = await ask(handler, request);
      expect({ status, body: JSON.parse(text) }).toEqual({ status: 200, body: sent });
    }),
  );
});

test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
  'a property named %s is as unknown as any other',
  async (name) => {
    const headers = { 'content-type': 'application/json' };
    const sent = `{"name":"a","${name}":{"kind":"b"}}`;
    const request = { method: 'POST', resource: '/json/{id}', params: { id: '1' }, headers, body: sent };
    const { status, text } = await ask(handler, request);
    expect(status).toBe(400);
    expect(text).toContain(`${name} is not known here`);
  },
);
