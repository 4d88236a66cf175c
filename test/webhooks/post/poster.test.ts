import { text } from 'node:stream/consumers';
import { openPoster, type PostRequest } from '../../../lambdas/webhooks/post/poster';
import { http, raw, stopAll } from './receivers';

const policy = { http: true, privateTargets: true, ports: 'any' } as const;
const poster = openPoster();
afterEach(stopAll);
afterAll(() => poster.close());

const send = (port: number, more: Partial<PostRequest> = {}) =>
  poster.post({
    url: `http://127.0.0.1:${port}/hook?a=b`,
    headers: { 'webhook-id': 'evt_1', 'content-type': 'application/json' },
    body: '{"type":"größe"}',
    timeoutMs: 2000,
    policy,
    ...more,
  });

const plain = (port: number) => ({ url: `http://127.0.0.1:${port}/`, headers: {}, body: '{}', policy });

test('the body arrives as it was given, with its headers, and the answer is told whole', async () => {
  let seen: unknown;
  const { port } = await http(async (request, response) => {
    seen = { url: request.url, method: request.method, headers: request.headers, body: await text(request) };
    response.writeHead(201, { 'x-one': 'yes', 'set-cookie': ['a=1', 'b=2'] }).end('taken');
  });
  const outcome = await send(port);
  expect(seen).toEqual({
    url: '/hook?a=b',
    method: 'POST',
    headers: {
      host: `127.0.0.1:${port}`,
      connection: 'keep-alive',
      'webhook-id': 'evt_1',
      'content-type': 'application/json',
      'content-length': '18',
    },
    body: '{"type":"größe"}',
  });
  expect(outcome).toMatchObject({ status: 201, body: 'taken', bodyBytes: 5, isBodyLonger: false, isRepeated: false });
  expect(outcome.headers).toMatchObject({ 'x-one': 'yes', 'set-cookie': 'a=1, b=2' });
  expect(outcome.address).toBe('127.0.0.1');
  expect(outcome.error).toBeUndefined();
  const { connectMs = -1, firstByteMs = -1, totalMs } = outcome.times;
  expect(Math.min(connectMs, firstByteMs)).toBeGreaterThanOrEqual(0);
  expect(totalMs).toBeGreaterThanOrEqual(Math.max(connectMs, firstByteMs));
  expect(outcome.times.tlsMs).toBeUndefined();
});

test('bytes and text arrive alike, an empty body too', async () => {
  const bodies: string[] = [];
  const { port } = await http(async (request, response) => {
    bodies.push(await text(request));
    response.end();
  });
  for (const body of ['{}', Buffer.from('{}'), '', Buffer.alloc(0), 'x'.repeat(300_000)])
    expect((await send(port, { body })).status).toBe(200);
  expect(bodies).toEqual(['{}', '{}', '', '', 'x'.repeat(300_000)]);
});

test('a connection is kept, and the next attempt took nothing to connect', async () => {
  const { port, connections } = await http((_, response) => response.end());
  await send(port);
  const outcome = await send(port);
  expect(connections()).toBe(1);
  expect(outcome.address).toBe('127.0.0.1');
  expect(Object.keys(outcome.times).toSorted()).toEqual(['firstByteMs', 'totalMs']);
});

test('attempts at once go by connections of their own, and no more than the most are kept', async () => {
  const few = openPoster({ mostIdleOfOrigin: 3, mostIdle: 4 });
  const waiting: (() => void)[] = [];
  const listener = (_: unknown, response: { end(): unknown }) => {
    waiting.push(() => response.end());
    if (waiting.length === 8) for (const answer of waiting.splice(0)) answer();
  };
  const one = await http(listener);
  const all = (port: number) => Promise.all(Array.from({ length: 8 }, () => few.post(plain(port))));
  await all(one.port);
  expect(one.connections()).toBe(8);
  await all(one.port);
  expect(one.connections()).toBe(13);
  const two = await http(listener);
  await all(two.port);
  expect(two.connections()).toBe(8);
  // Three of the second, so one of the first is left.
  await all(one.port);
  expect(one.connections()).toBe(20);
  few.close();
});

test.each([301, 302, 303, 307, 308])('a %s is told and not followed', async (status) => {
  let requests = 0;
  const { port } = await http((_, response) => {
    requests += 1;
    response.writeHead(status, { location: '/elsewhere' }).end();
  });
  expect(await send(port)).toMatchObject({ status, headers: { location: '/elsewhere' } });
  expect(requests).toBe(1);
});

test('a receiver that says nothing is given up in time', async () => {
  const { port } = await raw(() => undefined);
  const outcome = await send(port, { timeoutMs: 500 });
  expect(outcome).toMatchObject({ error: { class: 'timeout' }, bodyBytes: 0, address: '127.0.0.1' });
  expect(outcome.status).toBeUndefined();
  expect(outcome.times.totalMs).toBeGreaterThan(490);
  expect(outcome.times.totalMs).toBeLessThan(2500);
});

test.each([
  ['a head', 'HTTP/1.1 200 OK\r\nx-pad: ', undefined],
  ['a body', 'HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n', 200],
  ['a chunked body', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffff\r\n', 200],
])('%s that trickles in is given up in time, whatever came before', async (_, start, status) => {
  const { port } = await raw((socket) => {
    socket.write(start);
    const timer = setInterval(() => socket.write('x'), 10);
    socket.once('close', () => clearInterval(timer));
  });
  const outcome = await send(port, { timeoutMs: 600 });
  expect(outcome.error).toMatchObject({ class: 'timeout' });
  expect(outcome.status).toBe(status);
  expect(outcome.times.totalMs).toBeLessThan(2500);
});

test.each([
  ['closes at once', (socket: { destroy(): void }) => socket.destroy(), 'reset'],
  ['resets', (socket: { resetAndDestroy(): void }) => socket.resetAndDestroy(), 'reset'],
  ['closes in its head', end('HTTP/1.1 200 OK\r\ncontent-le'), 'reset'],
  ['speaks something else', end('220 mail.example ESMTP\r\n'), 'protocol'],
  ['sends zeros', end(Buffer.alloc(4096)), 'protocol'],
  ['gives two lengths', end('HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'), 'protocol'],
  [
    'gives length and chunks',
    end('HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n'),
    'protocol',
  ],
  ['gives a chunk no length', end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'), 'protocol'],
  ['puts a NUL in a header', end('HTTP/1.1 200 OK\r\nx-a: a\0b\r\n\r\n'), 'protocol'],
  [
    'switches to something else',
    end('HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
    'protocol',
  ],
  ['has a head of 20 kB', end(`HTTP/1.1 200 OK\r\nx-pad: ${'x'.repeat(20_000)}\r\n\r\n`), 'too_large'],
  ['has 3,000 headers', end(`HTTP/1.1 200 OK\r\n${'x-pad: 123\r\n'.repeat(3000)}\r\n`), 'too_large'],
] as const)('a receiver that %s is told as what it is', async (_, act, kind) => {
  const { port } = await raw(act);
  expect((await send(port)).error?.class).toBe(kind);
});

function end(bytes: string | Buffer) {
  return (socket: { end(bytes: string | Buffer): unknown }) => void socket.end(bytes);
}

test('an endless head is cut, not read for all its time', async () => {
  const { port } = await raw((socket) => {
    socket.write('HTTP/1.1 200 OK\r\n');
    const more = () => {
      while (!socket.destroyed && socket.write('x-pad: 0123456789\r\n'.repeat(100)));
    };
    socket.on('drain', more);
    more();
  });
  expect((await send(port)).error?.class).toBe('too_large');
});

test('a body that ends early is a fault of which the status is known', async () => {
  const { port } = await raw(end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc'));
  expect(await send(port)).toMatchObject({
    status: 200,
    body: 'abc',
    bodyBytes: 3,
    error: { class: expect.any(String) },
  });
});

test('of a long body the start is kept and all of it counted; a longer one is cut and the connection ended', async () => {
  const { port, connections } = await http((request, response) => {
    const size = Number(request.headers['x-size']);
    response.end(Buffer.alloc(size, 'a'));
  });
  const sized = (size: number) => send(port, { headers: { 'x-size': String(size) } });
  for (const size of [16_384, 16_385, 1_048_576])
    expect(await sized(size)).toMatchObject({
      status: 200,
      bodyBytes: size,
      isBodyLonger: false,
      body: 'a'.repeat(16_384),
    });
  expect(connections()).toBe(1);
  const cut = await sized(50_000_000);
  expect(cut).toMatchObject({ status: 200, isBodyLonger: true, body: 'a'.repeat(16_384) });
  expect(cut.error).toBeUndefined();
  expect(cut.bodyBytes).toBeGreaterThan(1_048_576);
  expect(cut.bodyBytes).toBeLessThan(1_300_000);
  await sized(1);
  expect(connections()).toBe(2);
});

test('a body without a length that never ends is cut too', async () => {
  const { port } = await raw((socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    const more = () => {
      while (!socket.destroyed && socket.write('x'.repeat(10_000)));
    };
    socket.on('drain', more);
    more();
  });
  expect(await send(port)).toMatchObject({ status: 200, isBodyLonger: true });
});

test('what is no text is made safe, and takes no more room than text', async () => {
  const { port } = await http((_, response) => response.end(Buffer.alloc(40_000, 0xff)));
  const { body = '', bodyBytes } = await send(port);
  expect(Buffer.byteLength(body)).toBeLessThanOrEqual(16_384);
  expect(body).toMatch(/^\uFFFD+$/u);
  expect(bodyBytes).toBe(40_000);
});

test.each([
  ['100 Continue that nobody asked for', 'HTTP/1.1 100 Continue\r\n\r\n', ''],
  ['100 with headers, twice', 'HTTP/1.1 100 Continue\r\nx-a: b\r\n\r\nHTTP/1.1 100\r\n\r\n', ''],
  ['100 in one piece with the answer', '', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ['103 Early Hints', 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n', ''],
])('%s comes before the answer, and is none', async (_, first, second) => {
  const { port, connections } = await raw((socket) => {
    if (first !== '') socket.write(first);
    setTimeout(() => socket.write(`${second}HTTP/1.1 202 Accepted\r\ncontent-length: 2\r\n\r\nok`), 20);
  });
  for (const outcome of [await send(port), await send(port)]) {
    expect(outcome).toMatchObject({ status: 202, body: 'ok' });
    expect(outcome.headers).toEqual({ 'content-length': '2' });
  }
  expect(connections()).toBe(1);
});

test('a body that reads like a 100 is a body', async () => {
  const text100 = 'HTTP/1.1 100 Continue\r\n\r\n';
  const { port } = await raw((socket) => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${text100.length}\r\n\r\n`);
    setTimeout(() => socket.write(text100), 20);
  });
  expect(await send(port)).toMatchObject({ status: 200, body: text100 });
});

describe('a kept connection that the receiver closes when the next request comes', () => {
  const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';
  const closing = () => raw((socket, _, nth) => (nth === 2 ? socket.resetAndDestroy() : socket.write(OK)));

  test('is tried once more by a new one, which is told', async () => {
    const { port, connections } = await closing();
    expect(await send(port)).toMatchObject({ status: 200, isRepeated: false });
    const outcome = await send(port);
    expect(outcome).toMatchObject({ status: 200, isRepeated: true });
    expect(outcome.times.connectMs).toBeDefined();
    expect(connections()).toBe(2);
  });

  test('is a fault where the request may not arrive twice', async () => {
    const { port, connections } = await closing();
    await send(port);
    expect(await send(port, { isRepeatable: false })).toMatchObject({ isRepeated: false, error: { class: 'reset' } });
    expect(connections()).toBe(1);
  });

  test('is a fault once the answer has begun', async () => {
    const { port } = await raw((socket, _, nth) =>
      nth === 1 ? socket.write(OK) : socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc'),
    );
    await send(port);
    expect(await send(port)).toMatchObject({ status: 200, isRepeated: false, error: expect.anything() });
  });

  test('is tried twice at most', async () => {
    const { port, connections } = await raw((socket, _, nth) =>
      nth > 1 ? socket.resetAndDestroy() : socket.write(OK),
    );
    await send(port);
    expect(await send(port)).toMatchObject({ isRepeated: true, error: { class: 'reset' } });
    expect(connections()).toBe(2);
  });
});

test('a connection that is closed while it is idle costs nobody anything', async () => {
  const { port, connections } = await raw((socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    setTimeout(() => socket.end(), 30);
  });
  await send(port);
  await new Promise((resolve) => setTimeout(resolve, 80));
  expect(await send(port)).toMatchObject({ status: 200 });
  expect(connections()).toBe(2);
});

test('bytes that come unasked are no answer to the next request', async () => {
  const { port } = await raw((socket, _, nth) => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n${nth}`);
    if (nth === 1) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nbad');
  });
  expect(await send(port)).toMatchObject({ body: '1' });
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(await send(port)).toMatchObject({ body: '2' });
});

test('after a freeze longer than connections are kept a new one is made', async () => {
  let now = 0;
  const frozen = openPoster({ nowMs: () => now });
  const { port, connections } = await http((_, response) => response.end());
  const request = { url: `http://127.0.0.1:${port}/`, headers: {}, body: '{}', policy };
  await frozen.post(request);
  now += 60_000;
  expect(await frozen.post(request)).toMatchObject({ status: 200 });
  expect(connections()).toBe(2);
  frozen.close();
});

test('nobody at the port is a fault of the connection', async () => {
  const { port, stop } = await http(() => undefined);
  await stop();
  expect((await send(port)).error).toEqual({ class: 'connect', detail: 'cannot be connected to (ECONNREFUSED)' });
});

test.each([
  ['a line break in a value', { 'x-a': 'a\r\nx-b: c' }],
  ['a line break in a name', { 'x-a\r\nx-b': 'c' }],
  ['a length of its own', { 'content-length': '5' }],
  ['another framing', { 'transfer-encoding': 'chunked' }],
])('headers with %s send nothing', async (_, headers) => {
  let requests = 0;
  const { port } = await http((__, response) => {
    requests += 1;
    response.end();
  });
  expect(await send(port, { headers })).toMatchObject({ error: { class: 'request' } });
  expect(requests).toBe(0);
});

test.each([
  ['120', 120],
  ['0', 0],
  ['999999', 86_400],
  ['Thu, 01 Jan 1970 00:10:00 GMT', 500],
  ['Thursday, 01-Jan-70 00:10:00 GMT', 500],
  ['Thu Jan  1 00:10:00 1970', 500],
  ['Thu, 01 Jan 1970 00:00:01 GMT', 0],
  ['Fri, 01 Jan 2038 00:00:00 GMT', 86_400],
  ['-1', undefined],
  ['1.5', undefined],
  ['soon', undefined],
  ['1970-01-01T00:10:00Z', undefined],
  ['99999999999999999999', undefined],
])('Retry-After: %s is %s seconds', async (value, seconds) => {
  const clocked = openPoster({ nowMs: () => 100_000 });
  const { port } = await http((_, response) => response.writeHead(429, { 'retry-after': value }).end());
  const outcome = await clocked.post({ url: `http://127.0.0.1:${port}/`, headers: {}, body: '', policy });
  expect(outcome.status).toBe(429);
  expect(outcome.retryAfterSeconds).toBe(seconds);
  clocked.close();
});
