import { randomUUID } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import * as z from 'zod/mini';
import { type Answer, call, tokenOf } from '../support/gateway';

interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A receiver that answers as the path says: `/500` with that status. */
const received: Received[] = [];
const receiver = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { url: path = '', headers } = request;
    received.push({ path, headers, body: Buffer.concat(chunks).toString() });
    response.writeHead(Number(/^\/(\d{3})/.exec(path)?.[1] ?? 200)).end('noted');
  });
});

let url: string;
let token: string;
beforeAll(async () => {
  await new Promise<void>((done) => {
    receiver.listen(0, '127.0.0.1', done);
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a server that listens on a port has one
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  token = await tokenOf('admin');
});
afterAll(() => receiver.close());

const send = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}, as = token) =>
  call(path, {
    method,
    headers: { authorization: `Bearer ${as}`, 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });

const Made = z.looseObject({ id: z.string(), secret: z.string() });
const Results = z.object({
  items: z.array(
    z.object({
      status: z.int(),
      id: z.optional(z.string()),
      repeated: z.optional(z.boolean()),
      deliveries: z.optional(z.int()),
    }),
  ),
});
const Deliveries = z.looseObject({ items: z.array(z.looseObject({ state: z.string(), attempts: z.int() })) });

/** An endpoint of one test, with an event type that no other test publishes. */
async function endpoint(more: Record<string, unknown> = {}, path = '/200') {
  const type = `t${randomUUID().slice(0, 8)}.happened`;
  const made = await send('POST', '/v1/webhooks/endpoints', { url: `${url}${path}`, types: [type], ...more });
  expect(made).toMatchObject({ status: 201 });
  // Whoever publishes sees it within two seconds.
  await pause(2_200);
  return { ...Made.parse(made.body), type, path: `/v1/webhooks/endpoints/${Made.parse(made.body).id}` };
}

const published = ({ body }: Answer) => Results.parse(body).items;
const publish = async (type: string, data: unknown, more: Record<string, unknown> = {}) =>
  published(await send('POST', '/v1/events', { type, data, ...more }))[0];

async function until<T>(find: () => T | undefined | Promise<T | undefined>, seconds = 20): Promise<T> {
  for (let tries = 0; tries < seconds * 20; tries += 1) {
    const found = await find();
    if (found !== undefined) return found;
    await pause(50);
  }
  throw new Error('it did not come');
}
const arrived = (id: string | undefined, times = 1, seconds?: number) =>
  until(() => {
    const those = received.filter(({ headers }) => headers['webhook-id'] === id);
    return those.length >= times ? those : undefined;
  }, seconds);
const inState = (path: string, state: string) =>
  until(async () => {
    const { items } = Deliveries.parse((await send('GET', `${path}/deliveries`)).body);
    return items.find((each) => each.state === state);
  });

test('an event reaches its endpoint, signed as receivers verify it, and the log shows the attempt', async () => {
  const { id, secret, type, path } = await endpoint({ headers: { 'X-Team': 'billing' } });
  const event = await publish(type, { amount: 1200 });
  expect(event).toMatchObject({ status: 202, repeated: false, deliveries: 1 });
  const [post] = await arrived(event?.id);
  const {
    'webhook-id': messageId = '',
    'webhook-timestamp': at = '',
    'webhook-signature': by = '',
  } = post?.headers ?? {};
  const headers = { 'webhook-id': String(messageId), 'webhook-timestamp': String(at), 'webhook-signature': String(by) };
  expect(new Webhook(secret).verify(post?.body ?? '', headers)).toMatchObject({ type, data: { amount: 1200 } });
  expect(post?.headers).toMatchObject({ 'x-team': 'billing', 'content-type': 'application/json' });
  await inState(path, 'delivered');
  const { body } = await send('GET', `${path}/deliveries/${event?.id}`);
  expect(body).toMatchObject({
    endpoint: id,
    state: 'delivered',
    attempts: 1,
    history: [{ number: 1, trigger: 'event', status: 200, body: 'noted', bodyBytes: 5, address: '127.0.0.1' }],
  });
  expect((await send('GET', `/v1/events/${event?.id}`)).body).toMatchObject({ payload: { data: { amount: 1200 } } });
});

test('the same id is the same event, with other content a conflict; a wrong one among many is told by itself', async () => {
  const { type } = await endpoint();
  const id = randomUUID();
  const first = await publish(type, { n: 1 }, { id });
  expect(await publish(type, { n: 1 }, { id })).toEqual({ ...first, repeated: true });
  expect(await send('POST', '/v1/events', { type, data: { n: 2 }, id })).toMatchObject({ status: 409 });
  const many = await send('POST', '/v1/events', {
    events: [{ type, data: {} }, { type: 'No Type', data: {} }, 7, { type, data: { n: 2 }, id }],
  });
  expect(many.status).toBe(202);
  expect(published(many).map(({ status }) => status)).toEqual([202, 400, 400, 409]);
  expect(await arrived(first?.id)).toHaveLength(1);
});

test('what fails comes again by its schedule, is dead at its end, and comes once more when it is replayed', async () => {
  const { type, path } = await endpoint({ retry: { scheduleSeconds: [0, 1] } }, '/500');
  const event = await publish(type, {});
  const posts = await arrived(event?.id, 2);
  expect(new Set(posts.map(({ body }) => body)).size).toBe(1);
  await inState(path, 'dead');
  const dead = await send('GET', `${path}/deliveries?state=dead`);
  expect(dead.body).toMatchObject({ items: [{ event: event?.id, why: 'all 2 attempts failed', lastStatus: 500 }] });
  await send('PATCH', path, { url: `${url}/200`, retry: null });
  // Deliveries see a changed endpoint within five seconds.
  await pause(5_200);
  expect(await send('POST', `${path}/deliveries/${event?.id}/replay`, {})).toMatchObject({ body: { attempt: 3 } });
  await arrived(event?.id, 3);
  await inState(path, 'delivered');
});

test('only what its filter matches goes to an endpoint', async () => {
  const { type } = await endpoint({ filter: { data: { amount: [{ numeric: ['>', 100] }] } } });
  expect(await publish(type, { amount: 100 })).toMatchObject({ deliveries: 0 });
  expect(await publish(type, { amount: 101 })).toMatchObject({ deliveries: 1 });
});

test('events of a paused endpoint are held, and follow when it is enabled and asks for them', async () => {
  const { type, path } = await endpoint({ state: 'paused' });
  const event = await publish(type, {});
  await inState(path, 'held');
  await send('PATCH', path, { state: 'enabled' });
  expect((await send('POST', `${path}/jobs`, { what: 'recover' })).status).toBe(202);
  // Jobs begin with the next minute.
  expect(await arrived(event?.id, 1, 90)).toHaveLength(1);
}, 120_000);

test('a ping goes to an endpoint alone; both secrets sign while one gives way to the other', async () => {
  const { secret, path } = await endpoint();
  const rotated = await send('POST', `${path}/rotate`, {});
  const next = z.looseObject({ secret: z.string() }).parse(rotated.body).secret;
  await pause(5_200);
  const { event } = z.object({ event: z.string() }).parse((await send('POST', `${path}/test`, {})).body);
  const [post] = await arrived(event);
  for (const each of [secret, next])
    expect(
      new Webhook(each).verify(post?.body ?? '', {
        'webhook-id': event,
        'webhook-timestamp': String(post?.headers['webhook-timestamp']),
        'webhook-signature': String(post?.headers['webhook-signature']),
      }),
    ).toMatchObject({ type: 'gatehouse.ping' });
});

test('a change names its version, and secrets are shown once', async () => {
  const { secret, path } = await endpoint({ authentication: { kind: 'basic', username: 'ada', password: 'of-ada' } });
  const shown = await send('GET', path);
  expect(JSON.stringify(shown.body)).not.toMatch(new RegExp(`of-ada|${secret.slice(6, 20)}`));
  const etag = shown.headers.get('etag') ?? '';
  expect((await send('PATCH', path, { description: 'a' }, { 'if-match': etag })).status).toBe(200);
  expect((await send('PATCH', path, { description: 'b' }, { 'if-match': etag })).status).toBe(412);
  expect((await send('DELETE', path)).status).toBe(204);
  expect((await send('GET', path)).status).toBe(404);
});

test('a repeated registration is the same endpoint, and shows the same secret', async () => {
  const key = { 'idempotency-key': randomUUID() };
  const body = { url: `${url}/200`, types: ['never.published'] };
  const [first, second] = await Promise.all([1, 2].map(() => send('POST', '/v1/webhooks/endpoints', body, key)));
  expect(first?.status).toBe(201);
  expect(second?.body).toEqual(first?.body);
});

/** An event for this organisation, by whoever publishes it. */
const of = (organisation: string) => ({ type: 'some.event', data: {}, organisation });

test('an operator publishes for any organisation, an administrator of a tenant for its own alone', async () => {
  const theirs = await tokenOf('admin', undefined, 'globex.example');
  const [acme, globex] = ['0a000000-0000-4000-8000-000000000001', '0a000000-0000-4000-8000-000000000002'];
  expect((await send('POST', '/v1/events', of(globex ?? ''))).status).toBe(202);
  expect((await send('POST', '/v1/events', of(acme ?? ''), {}, theirs)).status).toBe(403);
});
