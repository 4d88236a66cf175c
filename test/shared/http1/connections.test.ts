import { readFileSync, rmSync } from 'node:fs';
import { createServer as createSecureServer } from 'node:https';
import { createServer as createRawServer, type Server as NetServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import * as fc from 'fast-check';
import * as z from 'zod/mini';
import { publicLookup } from '../../../lambdas/shared/http/public-address';
import type { Idling } from '../../../lambdas/shared/http1/connection';
import { keptConnections } from '../../../lambdas/shared/http1/connections';
import type { Dialing } from '../../../lambdas/shared/http1/dial';
import { ResponseText } from '../../../lambdas/shared/http1/response-text';
import { postOf, targetOf } from '../../../lambdas/shared/http1/target';
import { fromJson } from '../../../lambdas/shared/json';
import { loopbackCertificate } from '../../../local/doors/certificate';
import { listen } from '../../support/http';
import { temporaryFolder } from '../../support/temporary-folder';

const LIMITS = { timeoutMs: 5_000, maxAnswerBytes: 1024 * 1024 };
const ended: (() => void)[] = [];
afterEach(() => {
  for (const end of ended.splice(0)) end();
});

async function listening(server: NetServer): Promise<number> {
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', () => done());
  });
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

async function serve(...listener: Parameters<typeof listen>): Promise<string> {
  const { url, stop } = await listen(...listener);
  ended.push(() => void stop());
  return url;
}

/** A server that says these bytes to each request, in packets of their own, and whatever the test makes of it then. */
async function say(packets: readonly string[], then: (socket: Socket) => void = () => undefined) {
  const sockets: Socket[] = [];
  const server = createRawServer((socket) => {
    sockets.push(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('data', () => {
      void (async () => {
        for (const packet of packets) {
          socket.write(packet, 'latin1');
          await new Promise((next) => setTimeout(next, 2));
        }
        then(socket);
      })();
    });
  });
  const port = await listening(server);
  ended.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { url: `http://127.0.0.1:${port}/`, connections: () => sockets.length };
}

/** Asks over kept connections. */
function asker(dialing: Dialing = {}, idling?: Idling) {
  const connections = keptConnections(dialing, idling);
  return async (url: string, body = '{}', { limits = LIMITS, fields = {}, isNew = false } = {}) => {
    const target = targetOf(url);
    const connection = connections.take(target, isNew);
    const response = new ResponseText(limits.maxAnswerBytes, 'successes');
    await response.over(connection, postOf(target, fields, body), limits.timeoutMs);
    connections.give(target, connection);
    return response.status === 200 ? response.text : String(response.status);
  };
}

const Order = z.pipe(fromJson, z.object({ parts: z.array(z.string()) }));

test.each(['sized', 'chunked', 'early hints', 'close'] as const)(
  'what a server of node:http sends is what is read: %s',
  async (way) => {
    const url = await serve(async (request, response) => {
      const { parts } = Order.parse(await text(request));
      if (way === 'early hints') response.writeEarlyHints({ link: '</style.css>; rel=preload' });
      if (way === 'early hints') response.writeProcessing();
      if (way === 'close') response.setHeader('connection', 'close');
      if (way === 'sized') response.setHeader('content-length', Buffer.byteLength(parts.join('')));
      for (const part of parts) {
        response.write(part);
        await new Promise(setImmediate);
      }
      response.end();
    });
    const ask = asker();
    const parts = fc.array(fc.string({ unit: 'grapheme', maxLength: 40 }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(parts, async (all) => {
        expect(await ask(url, JSON.stringify({ parts: all }))).toBe(all.join(''));
      }),
      { numRuns: 100 },
    );
  },
);

test('a body of megabytes goes there and comes back, whatever is in it', async () => {
  const url = await serve((request, response) => void request.pipe(response));
  const ask = asker();
  for (const letter of ['a', 'é', '日']) {
    const body = letter.repeat(300_000);
    expect(await ask(url, body)).toBe(body);
  }
});

test('a header is sent as it is, or not at all', async () => {
  const url = await serve((request, response) => {
    response.end(JSON.stringify([request.headers['x-value'], Object.keys(request.headers).length]));
  });
  const ask = asker();
  const value = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.stringMatching(/^[\r\n:a ]{0,9}$/));
  await fc.assert(
    fc.asyncProperty(value, async (each) => {
      const answer = await ask(url, '{}', { fields: { 'x-value': each } }).catch((error: Error) => error.message);
      const isSendable = /^[\t\x20-\x7e]*$/.test(each);
      expect(answer).toBe(
        isSendable ? JSON.stringify([each.replace(/^[\t ]+|[\t ]+$/g, ''), 4]) : 'the header "x-value" cannot be sent',
      );
    }),
  );
  await expect(ask(url, '{}', { fields: { 'x-a: 1\r\nx-b': '2' } })).rejects.toThrow('cannot be sent');
});

const SIZED = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}';

test.each([
  ['is kept', [SIZED], 1],
  ['is kept after an answer in pieces', SIZED.split(/(?<=[ \r{])/), 1],
  ['is kept after chunks', ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n', '{}\r\n0\r\n\r\n'], 1],
  ['is kept after an answer that is no 200, where it is whole', ['HTTP/1.1 404 No\r\ncontent-length: 2\r\n\r\n{}'], 1],
  ['is closed after one that is not', ['HTTP/1.1 404 No\r\ncontent-length: 3\r\n\r\n{}'], 3],
  ['is closed where the server says so', [SIZED.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n')], 3],
  ['is closed after HTTP/1.0', [SIZED.replace('1.1', '1.0')], 3],
  [
    'is closed where the server will have closed it',
    [SIZED.replace('\r\n\r\n', '\r\nkeep-alive: timeout=1\r\n\r\n')],
    3,
  ],
  ['is closed where something comes that nobody asked for', [SIZED, SIZED], 3],
])('a connection %s', async (_, packets, connections) => {
  const server = await say(packets);
  const ask = asker();
  for (let call = 0; call < 3; call += 1) {
    await ask(server.url);
    await new Promise((next) => setTimeout(next, 20));
  }
  expect(server.connections()).toBe(connections);
});

test.each([
  ['says nothing', SIZED, { unsaidMs: 40, mostMs: 5_000 }],
  [
    'says that it keeps it for longer',
    SIZED.replace('2\r', '2\r\nkeep-alive: timeout=9\r'),
    { unsaidMs: 5_000, mostMs: 40 },
  ],
])('a connection that nobody uses is closed after its time where the server %s', async (_, answer, idling) => {
  const closed: number[] = [];
  const server = await say([answer], (socket) => void socket.once('close', () => closed.push(1)));
  const ask = asker({}, idling);
  await ask(server.url, '{}', { limits: { ...LIMITS, timeoutMs: 60 } });
  await new Promise((next) => setTimeout(next, 150));
  expect(closed).toEqual([1]);
  await ask(server.url);
  await ask(server.url);
  expect(server.connections()).toBe(2);
});

test.each(['host', 'content-length', 'transfer-encoding', 'connection', 'upgrade', 'Host'])(
  'the header %s is not for others to set',
  async (name) => {
    await expect(asker()('http://127.0.0.1:1/', '{}', { fields: { [name]: '5' } })).rejects.toThrow('cannot be sent');
  },
);

test('requests at one time have connections of their own', async () => {
  const server = await say([SIZED]);
  const ask = asker();
  expect(await Promise.all([ask(server.url), ask(server.url), ask(server.url)])).toEqual(['{}', '{}', '{}']);
  expect(server.connections()).toBe(3);
  expect(await Promise.all([ask(server.url), ask(server.url)])).toEqual(['{}', '{}']);
  expect(server.connections()).toBe(3);
});

test.each([
  ['before it answers', []],
  ['in its head', ['HTTP/1.1 200 OK\r\ncont']],
  ['in its body', ['HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{']],
  ['in its chunks', ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n']],
])('a server that closes the connection %s has not answered', async (_, packets) => {
  for (const end of [(socket: Socket) => socket.end(), (socket: Socket) => socket.resetAndDestroy()]) {
    const server = await say(packets, end);
    await expect(asker()(server.url)).rejects.toMatchObject({ name: 'LostConnection' });
  }
});

test('an answer that comes drop by drop is given up in time', async () => {
  const server = await say([
    'HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n',
    ...Array.from({ length: 200 }, () => '{'),
  ]);
  await expect(asker()(server.url, '{}', { limits: { ...LIMITS, timeoutMs: 60 } })).rejects.toThrow('timeout');
});

test('where nobody listens, it fails at once', async () => {
  const server = createRawServer();
  const port = await listening(server);
  await new Promise((closed) => server.close(closed));
  await expect(asker()(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

const loopback: Dialing['lookup'] = (_, options, callback) =>
  options.all ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4);

describe('over TLS', () => {
  const folder = temporaryFolder('gatehouse-tls-');
  afterAll(() => rmSync(folder, { recursive: true }));
  async function secure() {
    const certificate = await loopbackCertificate(folder);
    const seen: unknown[] = [];
    const server = createSecureServer(certificate, (request, response) => {
      seen.push([Object(request.socket).servername, request.headers.host]);
      void request.resume();
      response.end('{}');
    });
    const port = await listening(server);
    ended.push(() => {
      server.close();
      server.closeAllConnections();
    });
    return { port, seen, ca: readFileSync(certificate.caFile, 'utf8') };
  }

  test('a server of the name that was asked for is sent the request, by this name', async () => {
    const { port, seen, ca } = await secure();
    const ask = asker({ ca, lookup: loopback });
    for (let call = 0; call < 3; call += 1)
      expect(await ask(`https://localhost:${port}/`, '{}', { isNew: call === 2 })).toBe('{}');
    expect(seen).toEqual(Array.from({ length: 3 }, () => ['localhost', `localhost:${port}`]));
  });

  test.each([
    ['of another name', 'shop.example', true, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['that nobody trusted has signed', 'localhost', false, /SELF_SIGNED|UNABLE_TO/],
  ])('a server with a certificate %s is sent nothing', async (_, host, isTrusted, code) => {
    const { port, seen, ca } = await secure();
    const ask = asker({ ...(isTrusted && { ca }), lookup: loopback });
    await expect(ask(`https://${host}:${port}/`)).rejects.toMatchObject({ code: expect.stringMatching(code) });
    expect(seen).toEqual([]);
  });
});

test('a name that leads to a private address is not connected to', async () => {
  const { url, connections } = await say([SIZED]);
  const ask = asker({ lookup: publicLookup((_, __, done) => done(null, [{ address: '127.0.0.1', family: 4 }])) });
  await expect(ask(url.replace('127.0.0.1', 'shop.example'))).rejects.toThrow('not public');
  expect(connections()).toBe(0);
});
