import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import * as z from 'zod/mini';
import { routes } from '../../lambdas/routes';
import { newRing, publicKeys } from '../../lambdas/shared/credentials/key-ring';
import type { Route } from '../../lambdas/shared/http/route';
import { type Answer, call, gateway, tokenOf } from '../support/gateway';

/**
 * Globex is the tenant whose things these tests try to reach; Acme's administrator, with every permission, tries. Of the
 * settings of every organisation and of the subgraphs that administrator is the operator: test/limits and test/registry
 * say what keeps others from them.
 */
let mine: string;
let theirs: string;
let issuer: Server;

const json = (token: string) => ({ authorization: `Bearer ${token}`, 'content-type': 'application/json' });
/** Globex is on the smallest plan: it waits when it is told to. */
async function send(token: string, method: string, path: string, body?: unknown): Promise<Answer> {
  const answer = await call(path, {
    method,
    headers: json(token),
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (answer.status !== 429) return answer;
  await pause(Number(answer.headers.get('retry-after')) * 1000);
  return send(token, method, path, body);
}

const Made = z.looseObject({ id: z.optional(z.string()), name: z.optional(z.string()) });
async function make(path: string, body: unknown): Promise<z.output<typeof Made>> {
  const answer = await send(theirs, 'POST', path, body);
  expect({ path, status: answer.status, body: answer.body }).toMatchObject({ status: 201 });
  return Made.parse(answer.body);
}

const Me = z.looseObject({ id: z.string(), organisation: z.looseObject({ id: z.string() }) });
const Sessions = z.object({ items: z.array(z.looseObject({ id: z.string() })) });

/** What Globex has, by the first words of the path under which it is found: the values of the path's parameters. */
type Things = Readonly<Record<string, Readonly<Record<string, string>>>>;
let things: Things;

async function makeThings(): Promise<Things> {
  const { organisation, ...user } = Me.parse((await send(theirs, 'GET', '/v1/auth/me')).body);
  const workspace = await make('/v1/workspaces', { name: `Isolated ${randomUUID()}` });
  const member = await send(theirs, 'PUT', `/v1/workspaces/${workspace.id}/members/${user.id}`, { roles: ['viewer'] });
  expect(member.status).toBeLessThan(300);
  const key = await make('/v1/keys', { name: 'theirs', scopes: ['graph:query'] });
  const client = await make('/v1/clients', { kind: 'confidential', name: 'theirs', scopes: ['graph:query'] });
  const role = await make('/v1/roles', { name: `theirs-${Date.now()}`, permissions: ['graph:query'] });
  const invitation = await make('/v1/invitations', { email: `${randomUUID()}@globex.example`, roles: ['viewer'] });
  const grant = await make('/v1/grants', {
    subject: `user:${user.id}`,
    resource: `key:${key.id}`,
    role: 'viewer',
    effect: 'allow',
  });
  const trusted = await make('/v1/issuers', await issuerBody());
  const sessions = Sessions.parse((await send(theirs, 'GET', '/v1/auth/sessions')).body).items;
  return {
    '/v1/auth/sessions': { id: sessions[0]?.id ?? '' },
    '/v1/organisations': { id: organisation.id },
    '/v1/workspaces': { id: workspace.id ?? '', user: user.id },
    '/v1/members': { id: user.id },
    '/v1/invitations': { id: invitation.id ?? '' },
    '/v1/roles': { name: role.name ?? '' },
    '/v1/grants': { id: grant.id ?? '' },
    '/v1/keys': { id: key.id ?? '' },
    '/v1/clients': { id: client.id ?? '' },
    '/v1/issuers': { id: trusted.id ?? '' },
    ...(await makeWebhooks()),
  };
}

const Published = z.object({ items: z.array(z.object({ id: z.string() })) });

/** An endpoint, an event that is held for it, and a job that has ended: nothing of it changes by itself. */
async function makeWebhooks(): Promise<Things> {
  const endpoint = await make('/v1/webhooks/endpoints', {
    url: 'http://127.0.0.1:9/',
    types: ['isolated.event'],
    state: 'paused',
  });
  // Who publishes sees a new endpoint within two seconds.
  await pause(2_500);
  const published = await send(theirs, 'POST', '/v1/events', { type: 'isolated.event', data: {} });
  const event = Published.parse(published.body).items[0]?.id ?? '';
  const path = `/v1/webhooks/endpoints/${endpoint.id}`;
  await send(theirs, 'PATCH', path, { state: 'enabled' });
  const job = Made.parse((await send(theirs, 'POST', `${path}/jobs`, { what: 'recover' })).body).id ?? '';
  await send(theirs, 'PATCH', path, { state: 'paused' });
  expect((await send(theirs, 'POST', `/v1/webhooks/jobs/${job}/cancel`, {})).status).toBeLessThan(300);
  const type = 'isolated.type';
  const version = routes.putEventType?.example?.body;
  expect((await send(theirs, 'PUT', `/v1/event-types/${type}/versions/1`, version)).status).toBe(200);
  return {
    '/v1/event-types': { name: type, version: '1' },
    '/v1/webhooks/endpoints': { id: endpoint.id ?? '', event },
    '/v1/events': { event },
    '/v1/webhooks/jobs': { job },
  };
}

/** An issuer that answers with its keys, so that it may be registered. */
async function issuerBody() {
  const { port } = z.object({ port: z.int() }).parse(issuer.address());
  const url = `http://127.0.0.1:${port}`;
  return {
    kind: 'oidc',
    issuer: url,
    audience: `https://${randomUUID()}.example`,
    jwksUri: `${url}/jwks`,
    defaultRoles: ['viewer'],
  };
}

beforeAll(async () => {
  const keys = JSON.stringify(publicKeys(newRing()));
  issuer = createServer((_, response) => response.setHeader('content-type', 'application/json').end(keys));
  await new Promise<void>((done) => {
    issuer.listen(0, '127.0.0.1', done);
  });
  [mine, theirs] = await Promise.all([tokenOf('admin'), tokenOf('admin', gateway, 'globex.example')]);
  things = await makeThings();
}, 60_000);
afterAll(() => issuer.close());

const collectionOf = ({ path }: Pick<Route, 'path'>) => path.split('/{')[0] ?? '';
/** Makes what is of that name in a catalogue of one's own, whoever else has one of that name. */
const OF_ONES_OWN = ['putEventType'];
const withId = Object.entries(routes).filter(
  ([name, route]) =>
    route.auth !== 'none' &&
    route.params &&
    !/^(settings|subgraphs):/.test(route.permission) &&
    !OF_ONES_OWN.includes(name),
);
const fill = (path: string, values: Readonly<Record<string, string>> = {}) =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '');

test('no route with an id is left out', () => {
  expect(withId.length).toBeGreaterThan(20);
  const missing = withId.filter(([, { path }]) => fill(path, things[collectionOf({ path })]).includes('//'));
  expect(missing.map(([name]) => name)).toEqual([]);
});

/** Everything that Globex can read of its own, as it is now. */
async function snapshot(): Promise<unknown[]> {
  const readers = withId.filter(([, { method }]) => method === 'GET');
  return Promise.all(
    readers.map(async ([name, route]) => {
      const { status, body } = await send(theirs, 'GET', fill(route.path, things[collectionOf(route)]));
      return { name, status, body };
    }),
  );
}

test('an administrator of one tenant gets the same 404 for whatever belongs to another, and changes nothing', async () => {
  const before = await snapshot();
  expect(before.filter((each) => Object(each).status !== 200)).toEqual([]);
  for (const [name, route] of withId) {
    const body = route.body && route.example?.body;
    const stranger = await send(mine, route.method, fill(route.path, things[collectionOf(route)]), body);
    expect({ name, status: stranger.status, body: stranger.body }).toMatchObject({
      status: 404,
      body: { code: 'not_found' },
    });
  }
  expect(await snapshot()).toEqual(before);
});

test('no list of one tenant shows anything of another', async () => {
  const ids = Object.values(things).flatMap((each) => Object.values(each));
  const lists = Object.values(routes).filter(
    ({ method, path, auth, params }) => method === 'GET' && auth !== 'none' && !params && path.startsWith('/v1/'),
  );
  expect(lists.length).toBeGreaterThan(8);
  for (const { path } of lists) {
    const { body } = await send(mine, 'GET', path);
    const text = JSON.stringify(body);
    expect({ path, shown: ids.filter((id) => text.includes(id)) }).toEqual({ path, shown: [] });
  }
});
