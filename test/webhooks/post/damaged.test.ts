import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import * as fc from 'fast-check';
import { openPoster } from '../../../lambdas/webhooks/post/poster';
import { raw, stopAll } from './receivers';

const poster = openPoster();
let answer: Buffer = Buffer.alloc(0);
let port = 0;
beforeAll(async () => {
  ({ port } = await raw((socket) => socket.end(answer)));
});
afterAll(() => {
  poster.close();
  return stopAll();
});

const policy = { http: true, privateTargets: true, ports: 'any' } as const;
const post = () => poster.post({ url: `http://127.0.0.1:${port}/`, headers: {}, body: '{}', timeoutMs: 5_000, policy });

interface Understood {
  readonly status: number;
  readonly body: string;
  readonly headers: ReadonlyMap<string, string>;
}

/** How node:http understands the same answer; nothing where it does not. */
const byNode = () =>
  new Promise<Understood | undefined>((resolve) => {
    const sent = request({ port, host: '127.0.0.1', method: 'POST', agent: false });
    sent.once('error', () => resolve(undefined));
    sent.once('response', (incoming) => {
      const headers = new Map<string, string>();
      const { rawHeaders } = incoming;
      for (let at = 0; at < rawHeaders.length; at += 2) {
        const name = (rawHeaders[at] ?? '').toLowerCase();
        const before = headers.get(name);
        headers.set(name, before === undefined ? (rawHeaders[at + 1] ?? '') : `${before}, ${rawHeaders[at + 1]}`);
      }
      text(incoming).then(
        (body) => resolve({ status: incoming.statusCode ?? 0, body, headers }),
        () => resolve(undefined),
      );
    });
    sent.end('{}');
  });

const field = fc.tuple(fc.stringMatching(/^[A-Za-z-]{1,6}$/), fc.stringMatching(/^[\x20-\x7e\t]{0,8}$/));
const framing = fc.constantFrom(
  'content-length: 5\r\n\r\nhello',
  'content-length: 0\r\n\r\n',
  'transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  '\r\nhello',
);
const made = fc
  .tuple(
    fc.constantFrom('', 'HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'),
    fc.constantFrom('200 OK', '201', '302 Found', '404 Not Found', '500 No', '204 No Content', '304 Not', '799 Odd'),
    fc.array(field, { maxLength: 4 }),
    framing,
  )
  .map(
    ([interim, status, fields, rest]) =>
      `${interim}HTTP/1.1 ${status}\r\n${fields.map(([name, value]) => `x${name}: ${value}\r\n`).join('')}${rest}`,
  );
const damage = fc.array(
  fc.record({
    at: fc.nat(),
    drop: fc.nat({ max: 3 }),
    put: fc.constantFrom(
      '',
      '\r',
      '\n',
      '\r\n',
      '\0',
      ' ',
      ':',
      ';',
      ',',
      '0',
      '9',
      'f',
      '\t',
      '-',
      '\xff',
      'HTTP/1.1 200 OK\r\n',
    ),
  }),
  { maxLength: 3 },
);
const damaged = fc.tuple(made, damage).map(([whole, changes]) =>
  changes.reduce((changed, { at, drop, put }) => {
    const place = at % (changed.length + 1);
    return changed.slice(0, place) + put + changed.slice(place + drop);
  }, whole),
);

const printable = (body: string) => body.replace(/[^\P{Cc}\t\n\r]/gu, '\uFFFD');

test('what is understood of an answer, damaged or not, node:http understands alike: its status, headers and body', async () => {
  await fc.assert(
    fc.asyncProperty(damaged, async (bytes) => {
      answer = Buffer.from(bytes, 'latin1');
      const outcome = await post();
      if (outcome.error || outcome.status === undefined) return;
      const expected = await byNode();
      // What follows the end of an answer node:http takes for an error of it; here the answer stands.
      if (!expected) return;
      expect({ status: outcome.status, body: outcome.body }).toEqual({
        status: expected.status,
        body: printable(expected.body),
      });
      expect(outcome.headers).toEqual(Object.fromEntries(expected.headers));
    }),
    { numRuns: 1_000 },
  );
}, 60_000);

test.each([
  ['another answer', 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nbad'],
  ['a line break', '\r\n'],
  ['anything', 'anything'],
])('an answer stands that %s follows in the same piece, and its connection is used no more', async (_, more) => {
  const { port: own, connections } = await raw(
    (socket) => void socket.write(`HTTP/1.1 202 OK\r\ncontent-length: 2\r\n\r\nok${more}`),
  );
  const url = `http://127.0.0.1:${own}/`;
  for (let time = 1; time <= 3; time += 1) {
    const outcome = await poster.post({ url, headers: {}, body: '{}', policy });
    expect(outcome).toMatchObject({ status: 202, body: 'ok', bodyBytes: 2 });
    expect(outcome.error).toBeUndefined();
    expect(connections()).toBe(time);
  }
});

test('answers one after the other over one connection are never those of each other', async () => {
  let nth = 0;
  const { port: own, connections } = await raw((socket) => {
    nth += 1;
    const body = 'x'.repeat(nth % 7);
    const head = `HTTP/1.1 ${200 + (nth % 3)} OK\r\nx-turn: ${nth >> 2}\r\ncontent-length: ${body.length}\r\n\r\n`;
    const whole = head + body;
    const cut = nth % whole.length;
    socket.write(whole.slice(0, cut));
    setImmediate(() => socket.write(whole.slice(cut)));
  });
  const url = `http://127.0.0.1:${own}/`;
  for (let time = 1; time <= 60; time += 1) {
    const { status, body, headers } = await poster.post({ url, headers: {}, body: '{}', policy });
    expect([status, body, headers?.['x-turn']]).toEqual([200 + (time % 3), 'x'.repeat(time % 7), String(time >> 2)]);
  }
  expect(connections()).toBe(1);
});
