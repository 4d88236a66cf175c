import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import * as z from 'zod/mini';
import { ClientError, client } from '../../../lambdas/shared/http/client';
import { type Contract, form, json } from '../../../lambdas/shared/http/route';

const open = { auth: 'none', public: 'a test', summary: '' } as const;
const Echo = z.object({
  method: z.string(),
  url: z.string(),
  type: z.optional(z.string()),
  token: z.optional(z.string()),
  key: z.optional(z.string()),
  body: z.string(),
});
const contract = {
  getThing: {
    ...open,
    method: 'GET',
    path: '/things/{id}',
    params: z.strictObject({ id: z.string() }),
    query: z.strictObject({ page: z.optional(z.string()), size: z.optional(z.string()) }),
    reply: { status: 200, body: Echo },
  },
  addThing: {
    ...open,
    method: 'POST',
    path: '/things',
    body: json(z.strictObject({ name: z.string() })),
    reply: { status: 201, body: Echo },
  },
  issueToken: {
    ...open,
    method: 'POST',
    path: '/token',
    body: form(z.strictObject({ user: z.string(), scope: z.optional(z.string()) })),
    reply: { status: 200, body: Echo },
  },
  getText: { ...open, method: 'GET', path: '/text', reply: { status: 200, contentType: 'text/plain' } },
  getRefused: { ...open, method: 'GET', path: '/refused', reply: { status: 200, body: Echo } },
  getBroken: { ...open, method: 'GET', path: '/broken', reply: { status: 200, body: Echo } },
} as const satisfies Contract;

async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method, url, headers } = request;
  if (url === '/refused') return void response.writeHead(403).end('{"code":"forbidden"}');
  if (url === '/broken') return void response.writeHead(502).end('<h1>Bad gateway</h1>');
  let body = '';
  for await (const chunk of request) body += String(chunk);
  const { 'content-type': type, authorization: token, 'x-api-key': key } = headers;
  response.end(JSON.stringify({ method, url, type, token, key, body }));
}

let server: Server;
let baseUrl: string;
beforeAll(async () => {
  server = createServer((request, response) => void respond(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  baseUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const api = () => client(contract, { baseUrl, token: 'jwt', apiKey: 'key' });

test('parameters are escaped, queries are appended, and what is not set is not sent', async () => {
  const echo = await api().getThing({ params: { id: 'a/b?c' }, query: { page: 'x y', size: undefined } });
  expect(echo).toMatchObject({ method: 'GET', url: '/things/a%2Fb%3Fc?page=x+y' });
});

test('credentials go out as the routes take them', async () => {
  expect(await api().getThing({ params: { id: 'a' } })).toMatchObject({ token: 'Bearer jwt', key: 'key' });
});

test('a body goes out in the form its route names', async () => {
  expect(await api().addThing({ body: { name: 'x' } })).toMatchObject({
    type: 'application/json',
    body: '{"name":"x"}',
  });
  expect(await api().issueToken({ body: { user: 'a&b' } })).toMatchObject({
    type: 'application/x-www-form-urlencoded',
    body: 'user=a%26b',
  });
});

test('an answer that is not JSON comes back as text', async () => {
  expect(await api().getText()).toContain('"url":"/text"');
});

test('a refusal rejects with the problem', async () => {
  const error: unknown = await api()
    .getRefused()
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ClientError);
  expect(error).toMatchObject({ operation: 'getRefused', status: 403, problem: { code: 'forbidden' } });
});

test('an error page of somebody on the way rejects with its status', async () => {
  await expect(api().getBroken()).rejects.toMatchObject({ name: 'ClientError', status: 502 });
});
