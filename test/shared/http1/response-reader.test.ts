import { request } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import * as fc from 'fast-check';
import { NoResponse, responseHead } from '../../../lambdas/shared/http1/response-head';
import { ResponseReader } from '../../../lambdas/shared/http1/response-reader';
import { ResponseText } from '../../../lambdas/shared/http1/response-text';

const MOST_BYTES = 10_000;

type Outcome = { readonly status: number; readonly body: string } | string;

/** What comes of a response that is cut like this, and after which the connection ends; maybe after others of that connection. */
function readAll(packets: readonly Buffer[], reader = new ResponseReader()): Outcome {
  const response = new ResponseText(MOST_BYTES, 'successes');
  const isWhole = (packet: Buffer) => {
    // As the one buffer that all connections read into: overwritten as soon as it has been handed over.
    const lent = Buffer.from(packet);
    const whole = reader.read(lent);
    lent.fill('x');
    return whole;
  };
  reader.expect(response);
  try {
    return packets.some(isWhole) || reader.end() ? { status: response.status, body: response.text } : 'lost';
  } catch (error) {
    return Object(error).name;
  }
}

const read = (whole: string) => readAll([Buffer.from(whole, 'latin1')]);

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].toSorted((a, b) => a - b);
  return [...ends, bytes.length].map((end, index, all) => bytes.subarray(all[index - 1] ?? 0, end));
}

const token = fc.stringMatching(/^[a-zA-Z-]{1,12}$/).filter((name) => !/^(content-length|connection)$/i.test(name));
const fields = fc.array(fc.tuple(token, fc.stringMatching(/^[\x21-\x7e]{0,12}$/)), { maxLength: 4 });
const interim = fc.constantFrom('', 'HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n');
const status = fc.constantFrom('200 OK', '200', '200 ', '404 Not Found', '500 No', '204 No Content');
const framing = fc.constantFrom('sized' as const, 'chunked' as const, 'close' as const, 'old' as const);

function chunked(parts: readonly Buffer[], extension: string): Buffer {
  const chunks = parts
    .filter((part) => part.length > 0)
    .flatMap((part) => [Buffer.from(`${part.length.toString(16)}${extension}\r\n`), part, Buffer.from('\r\n')]);
  return Buffer.concat([
    ...chunks,
    Buffer.from('0\r\n'),
    Buffer.from(extension && 'x-trailer: 1\r\n'),
    Buffer.from('\r\n'),
  ]);
}

const response = fc
  .record({
    interim,
    status,
    fields,
    framing,
    body: fc.string({ unit: 'grapheme', maxLength: 200 }),
    cuts: fc.array(fc.nat(), { maxLength: 4 }),
    extension: fc.constantFrom('', ';a=1'),
  })
  .map((made) => {
    const bytes = Buffer.from(made.status.startsWith('204') ? '' : made.body);
    const version = made.framing === 'old' ? '1.0' : '1.1';
    const isChunked = made.framing === 'chunked' && bytes.length > 0;
    const length = made.framing === 'sized' ? `content-length: ${bytes.length}\r\n` : '';
    const own = isChunked ? 'transfer-encoding: chunked\r\n' : length;
    const others = made.fields.map(([name, value]) => `x-${name}: ${value}\r\n`).join('');
    const head = `${made.interim}HTTP/${version} ${made.status}\r\n${others}${own}\r\n`;
    const body = isChunked ? chunked(cut(bytes, made.cuts), made.extension) : bytes;
    const code = Number(made.status.slice(0, 3));
    return { bytes: Buffer.concat([Buffer.from(head), body]), status: code, body: bytes.toString() };
  });

const cuts = fc.array(fc.nat(), { maxLength: 12 });

test('a response is the same however its bytes are cut, and whatever came before it', () => {
  const kept = new ResponseReader();
  fc.assert(
    fc.property(response, cuts, ({ bytes, ...expected }, places) => {
      const body = expected.status === 200 ? expected.body : '';
      expect(readAll(cut(bytes, places))).toEqual({ status: expected.status, body });
      expect(readAll([...bytes].map((byte) => Buffer.of(byte)))).toEqual({ status: expected.status, body });
      for (let time = 0; time < 3; time += 1)
        expect(readAll(cut(bytes, places), kept)).toEqual({ status: expected.status, body });
      expect(readAll([bytes], kept)).toEqual({ status: expected.status, body });
    }),
    { numRuns: 300 },
  );
});

/** A few bytes of a response changed, dropped or put in. */
const damage = fc.array(
  fc.record({
    at: fc.nat(),
    drop: fc.nat({ max: 3 }),
    put: fc.constantFrom('', '\r', '\n', '\r\n', '\0', ' ', ':', ';', ',', '0', '9', 'f', '\t', '-', '+', '\xff'),
  }),
  { minLength: 1, maxLength: 3 },
);

const damaged = fc.tuple(response, damage).map(([{ bytes }, changes]) => {
  let changed = bytes;
  for (const { at, drop, put } of changes) {
    const place = at % (changed.length + 1);
    changed = Buffer.concat([changed.subarray(0, place), Buffer.from(put, 'latin1'), changed.subarray(place + drop)]);
  }
  return changed;
});

/** How node:http understands bytes, after which the connection ends. */
async function byNode(bytes: Buffer): Promise<Outcome> {
  const server = createServer((socket: Socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(bytes));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  try {
    return await new Promise<Outcome>((resolve) => {
      const sent = request({ port, host: '127.0.0.1', method: 'POST', agent: false });
      sent.once('error', () => resolve('failed'));
      sent.once('response', (incoming) => {
        text(incoming).then(
          (body) => resolve({ status: incoming.statusCode ?? 0, body }),
          () => resolve('failed'),
        );
      });
      sent.end('{}');
    });
  } finally {
    server.close();
  }
}

test('what it understands of damaged responses, node:http understands alike', async () => {
  await fc.assert(
    fc.asyncProperty(damaged, async (bytes) => {
      const ours = readAll([bytes]);
      if (typeof ours === 'string' || ours.status !== 200) return;
      expect(ours).toEqual(await byNode(bytes));
    }),
    { numRuns: 1_000 },
  );
}, 30_000);

test('whatever bytes come, they are read or refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), cuts, (bytes, places) => {
      const outcome = readAll(cut(Buffer.from(bytes), places));
      expect(['NoResponse', 'lost']).toContain(outcome);
    }),
  );
});

const OK = 'HTTP/1.1 200 OK\r\n';
test.each([
  ['a length and an encoding', `${OK}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`],
  ['two lengths', `${OK}content-length: 2\r\ncontent-length: 2\r\n\r\n{}`],
  ['a length with a sign', `${OK}content-length: +2\r\n\r\n{}`],
  ['a list of lengths', `${OK}content-length: 2, 2\r\n\r\n{}`],
  ['an encoding that is not ours', `${OK}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
  ['chunks of HTTP/1.0', 'HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a folded line', `${OK}x-a: 1\r\n 2\r\ncontent-length: 2\r\n\r\n{}`],
  ['a space before the colon', `${OK}content-length : 2\r\n\r\n{}`],
  ['a lone line feed', `${OK}x-a: 1\ncontent-length: 2\r\n\r\n{}`],
  ['a NUL', `${OK}x-a: \0\r\ncontent-length: 2\r\n\r\n{}`],
  ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n'],
  ['another version', 'HTTP/2.0 200 OK\r\ncontent-length: 2\r\n\r\n{}'],
  ['no HTTP', '* OK IMAP4 ready\r\n\r\n'],
  ['more than its length', `${OK}content-length: 2\r\n\r\n{}{}`],
  ['more than its chunks', `${OK}transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\nHTTP/1.1`],
  ['a chunk that is longer than it says', `${OK}transfer-encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n`],
  ['a chunk without a size', `${OK}transfer-encoding: chunked\r\n\r\n\r\n{}\r\n0\r\n\r\n`],
  ['a size of nine digits', `${OK}transfer-encoding: chunked\r\n\r\n000000002\r\n{}\r\n0\r\n\r\n`],
  ['a line feed after a size', `${OK}transfer-encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n`],
  ['trailers that are too long', `${OK}transfer-encoding: chunked\r\n\r\n0\r\n${'a: b\r\n'.repeat(2_000)}\r\n`],
])('refused: %s', (_, bytes) => {
  expect(read(bytes)).toBe('NoResponse');
});

test.each([
  ['a head that is too long', `${OK}x-a: ${'a'.repeat(16 * 1024)}\r\n\r\n`],
  ['a head without an end', `${OK}x-a: ${'a'.repeat(16 * 1024)}`],
  ['interim responses without an end', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(1_000)],
])('given up: %s', (_, bytes) => {
  expect(read(bytes)).toBe('HeadTooLong');
});

test.each([
  ['by its length', `content-length: ${MOST_BYTES + 1}\r\n\r\n`],
  ['by its chunks', `transfer-encoding: chunked\r\n\r\nffff\r\n${'a'.repeat(MOST_BYTES + 1)}`],
  ['by what comes', `\r\n${'a'.repeat(MOST_BYTES + 1)}`],
])('a body that is too long %s is given up before it is read', (_, rest) => {
  expect(read(`${OK}${rest}`)).toBe('TooLong');
});

test('a response that ends too early is lost', () => {
  for (const end of ['', 'content-length: 3\r\n\r\n{}', 'transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n', 'x-a'])
    expect(read(`${OK}${end}`)).toBe('lost');
});

test.each([
  ['HTTP/1.1 200 OK\r\ncontent-length: 2', Number.POSITIVE_INFINITY],
  ['HTTP/1.1 200 OK\r\ncontent-length: 2\r\nkeep-alive: timeout=5, max=100', 4_000],
  ['HTTP/1.1 200 OK\r\ncontent-length: 2\r\nkeep-alive: timeout=1', 0],
  ['HTTP/1.1 200 OK\r\ncontent-length: 2\r\nConnection: Close', 0],
  ['HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: x\r\nconnection: close', 0],
  ['HTTP/1.1 200 OK', 0],
  ['HTTP/1.0 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive', 0],
])('after %j a connection may be used for %d ms', (head, keptMs) => {
  expect(responseHead(`${head}\r\n\r\n`).keptMs).toBe(keptMs);
});

test.each([
  ['blanks that end in what is no field', `x: ${' '.repeat(16_000)}\0`],
  ['blanks between words', `x: a${' \t'.repeat(8_000)}b`],
  ['blanks in what says how long it is', `connection: a${' '.repeat(16_000)}b`],
  ['many words in what says how long it is', `keep-alive: ${' timeout='.repeat(1_700)}`],
])('a head takes no longer for %s', (_, line) => {
  const began = performance.now();
  for (let time = 0; time < 20; time += 1) {
    const reader = new ResponseReader();
    const taker = new ResponseText(MOST_BYTES, 'all');
    reader.expect(taker);
    try {
      reader.read(Buffer.from(`${OK}${line}\r\ncontent-length: 0\r\n\r\n`, 'latin1'));
      expect(Object.keys(taker.fields)).toHaveLength(2);
    } catch (error) {
      expect(error).toBeInstanceOf(NoResponse);
    }
  }
  // One took some 400 ms.
  expect(performance.now() - began).toBeLessThan(1_000);
});
