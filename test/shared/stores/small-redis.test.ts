import { connect, createServer, type Server, type Socket } from 'node:net';
import * as fc from 'fast-check';
import { commandBytes, type Reply, readReply } from '../../../lambdas/shared/stores/resp';
import { smallRedis } from '../../../lambdas/shared/stores/small-redis';
import { startRedis, type TestRedis } from '../../support/redis';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
}, 30_000);
afterAll(() => redis.stop());

/** A client of the real Redis; its connections can be cut, and are counted. */
function started(password = redis.client.options.password ?? '') {
  const sockets: Socket[] = [];
  const { host = '', port = 0 } = redis.client.options;
  const client = smallRedis({
    connect() {
      const socket = connect({ host, port });
      sockets.push(socket);
      return socket;
    },
    login: async () => ['default', password],
  });
  const end = () => sockets.forEach((socket) => socket.destroy());
  return { client, sockets, end };
}

test('what one client writes another reads, whatever the characters', async () => {
  const { client, end } = started();
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
      await client.call('SET', 'thing', text);
      expect(await client.call('GET', 'thing')).toBe(await redis.client.get('thing'));
    }),
  );
  end();
});

test('commands that are sent at once are each answered with their own answer, over one connection', async () => {
  const { client, sockets, end } = started();
  const numbers = Array.from({ length: 100 }, (_, index) => String(index));
  await Promise.all(numbers.map((number) => client.call('SET', `n${number}`, number)));
  expect(await Promise.all(numbers.map((number) => client.call('GET', `n${number}`)))).toEqual(numbers);
  expect(sockets).toHaveLength(1);
  end();
});

test('nothing, numbers, lists and errors come as what they are', async () => {
  const { client, end } = started();
  expect(await client.call('GET', 'nobody')).toBeNull();
  expect(await client.call('EVAL', "return {1, 'a', false, {2}}", 0)).toEqual([1, 'a', null, [2]]);
  await expect(client.call('EVAL', 'return redis.error_reply("NO such thing")', 0)).rejects.toThrow('NO such thing');
  expect(await client.call('SET', 'once', '1', 'NX')).toBe('OK');
  expect(await client.call('SET', 'once', '1', 'NX')).toBeNull();
  end();
});

test('a connection that was lost meanwhile is made anew, and the caller does not notice', async () => {
  const { client, sockets, end } = started();
  await client.call('SET', 'thing', '1');
  await redis.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  expect(await client.call('GET', 'thing')).toBe('1');
  expect(sockets).toHaveLength(2);
  end();
});

test('a wrong password is told, and the next call tries again', async () => {
  const { client, sockets, end } = started('wrong');
  await expect(client.call('GET', 'thing')).rejects.toThrow('WRONGPASS');
  await expect(client.call('GET', 'thing')).rejects.toThrow('WRONGPASS');
  expect(sockets).toHaveLength(2);
  end();
});

test('where nobody listens a call fails', async () => {
  const client = smallRedis({ connect: () => connect(1, '127.0.0.1'), login: async () => ['default', ''] });
  await expect(client.call('GET', 'thing')).rejects.toThrow('ECONNREFUSED');
});

const clientOf = (port: number) =>
  smallRedis({ connect: () => connect(port, '127.0.0.1'), login: async () => ['default', ''] });

describe('a server that', () => {
  let server: Server;
  const listening = (answer: (socket: Socket) => void) =>
    new Promise<number>((resolve) => {
      server = createServer((socket) => void socket.on('data', () => answer(socket)).on('error', () => undefined));
      server.listen(0, '127.0.0.1', () => resolve(Object(server.address()).port));
    });
  afterEach(() => server.close());

  test('stays silent is given up on within a second', async () => {
    const client = clientOf(await listening(() => undefined));
    await expect(client.call('GET', 'thing')).rejects.toThrow('no answer in time');
  });

  test('talks something else is not listened to', async () => {
    const client = clientOf(await listening((socket) => void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')));
    await expect(client.call('GET', 'thing')).rejects.toThrow('not an answer of Redis');
  });
});

describe('an answer', () => {
  const reply: fc.Arbitrary<Reply> = fc.letrec<{ reply: Reply }>((tie) => ({
    reply: fc.oneof(
      { maxDepth: 3 },
      fc.string({ unit: 'binary' }),
      fc.integer(),
      fc.constant(null),
      fc.array(tie('reply'), { maxLength: 4 }),
    ),
  })).reply;
  const written = (value: Reply): string => {
    if (value === null) return '$-1\r\n';
    if (typeof value === 'number') return `:${value}\r\n`;
    if (Array.isArray(value)) return `*${value.length}\r\n${value.map(written).join('')}`;
    return `$${Buffer.byteLength(String(value))}\r\n${String(value)}\r\n`;
  };

  test('is read whole, and not before it is there', () => {
    fc.assert(
      fc.property(reply, (value) => {
        const bytes = Buffer.from(written(value));
        for (let length = 0; length < bytes.length; length += 1)
          expect(readReply(bytes.subarray(0, length))).toBeUndefined();
        expect(readReply(Buffer.concat([bytes, Buffer.from('+more')]))).toEqual({
          reply: JSON.parse(JSON.stringify(value)),
          end: bytes.length,
        });
      }),
      { numRuns: 50 },
    );
  });

  test('a command names the bytes of its words', () => {
    expect(commandBytes(['SET', 'ä', 1])).toBe('*3\r\n$3\r\nSET\r\n$2\r\nä\r\n$1\r\n1\r\n');
  });
});
