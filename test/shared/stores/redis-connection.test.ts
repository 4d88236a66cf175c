import { createServer, type Server, type Socket } from 'node:net';
import * as fc from 'fast-check';
import { type Connection, redisConnection } from '../../../lambdas/shared/stores/redis-connection';
import { commandBytes, type Reply, readReply } from '../../../lambdas/shared/stores/resp';
import { doorTo, startRedis, type TestRedis } from '../../support/redis';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
}, 30_000);
afterAll(() => redis.stop());

/** A connection to the real Redis, which can be cut, and is counted. */
function started(password = redis.options.password) {
  const door = doorTo({ ...redis.options, password });
  return { ...door, ...commandsOf(redisConnection(door)) };
}

const commandsOf = (connection: Connection) => ({
  ask: (...words: (string | number)[]) => connection.ask(words, 1_000),
});

test('what one client writes another reads, whatever the characters', async () => {
  const { ask, end } = started();
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
      await ask('SET', 'thing', text);
      expect(await ask('GET', 'thing')).toBe(await redis.client.get('thing'));
    }),
  );
  end();
});

test('commands that are sent at once are each answered with their own answer, over one connection', async () => {
  const { ask, sockets, end } = started();
  const numbers = Array.from({ length: 100 }, (_, index) => String(index));
  await Promise.all(numbers.map((number) => ask('SET', `n${number}`, number)));
  expect(await Promise.all(numbers.map((number) => ask('GET', `n${number}`)))).toEqual(numbers);
  expect(sockets).toHaveLength(1);
  end();
});

test('nothing, numbers, lists and errors come as what they are', async () => {
  const { ask, end } = started();
  expect(await ask('GET', 'nobody')).toBeNull();
  expect(await ask('EVAL', "return {1, 'a', false, {2}}", 0)).toEqual([1, 'a', null, [2]]);
  expect(await ask('EVAL', 'return redis.error_reply("NO such thing")', 0)).toEqual(new Error('NO such thing'));
  expect(await ask('SET', 'once', '1', 'NX')).toBe('OK');
  expect(await ask('SET', 'once', '1', 'NX')).toBeNull();
  end();
});

test('a connection that was lost meanwhile is made anew, and the caller does not notice', async () => {
  const { ask, sockets, end } = started();
  await ask('SET', 'thing', '1');
  await redis.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  expect(await ask('GET', 'thing')).toBe('1');
  expect(sockets).toHaveLength(2);
  end();
});

test('a wrong password is told, and the next call tries again', async () => {
  const { ask, sockets, end } = started('wrong');
  await expect(ask('GET', 'thing')).rejects.toThrow('WRONGPASS');
  await expect(ask('GET', 'thing')).rejects.toThrow('WRONGPASS');
  expect(sockets).toHaveLength(2);
  end();
});

const doors: { end(): void }[] = [];
afterEach(() => doors.splice(0).forEach((door) => door.end()));
function askAt(port: number) {
  const door = doorTo({ host: '127.0.0.1', port, password: '' });
  doors.push(door);
  return commandsOf(redisConnection(door)).ask;
}

test('where nobody listens a call fails', async () => {
  await expect(askAt(1)('GET', 'thing')).rejects.toThrow('ECONNREFUSED');
});

describe('a server that', () => {
  let server: Server;
  /** Listens, and hands over each word-list that it is sent, on whichever connection. */
  const listening = (answer: (socket: Socket, words: Reply) => void) =>
    new Promise<number>((resolve) => {
      server = createServer((socket) => {
        let received: Buffer = Buffer.alloc(0);
        socket.on('error', () => undefined);
        socket.on('data', (bytes: Buffer) => {
          received = Buffer.concat([received, bytes]);
          for (let read = readReply(received); read; read = readReply(received)) {
            received = received.subarray(read.end);
            answer(socket, read.reply);
          }
        });
      });
      server.listen(0, '127.0.0.1', () => resolve(Object(server.address()).port));
    });
  afterEach(() => server.close());

  test('stays silent is given up on within a second', async () => {
    const ask = askAt(await listening(() => undefined));
    await expect(ask('GET', 'thing')).rejects.toThrow('no answer in time');
  });

  test('talks something else is not listened to', async () => {
    const ask = askAt(await listening((socket) => void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')));
    await expect(ask('GET', 'thing')).rejects.toThrow('not an answer of Redis');
  });

  /** Signs everybody in; ends the connection at the word that says so, the first time. */
  async function ending(at: string) {
    const asked: string[] = [];
    const port = await listening((socket, words) => {
      const [command, word = ''] = Array.isArray(words) ? words.map(String) : [];
      if (command !== 'AUTH') asked.push(word);
      if (word === at && asked.filter((each) => each === at).length === 1) socket.end();
      else socket.write('+OK\r\n');
    });
    return { ask: askAt(port), asked };
  }

  test('ends the connection without a word is asked once more: it had ended it before', async () => {
    const { ask, asked } = await ending('b');
    await ask('INCR', 'a');
    expect(await ask('INCR', 'b')).toBe('OK');
    expect(asked).toEqual(['a', 'b', 'b']);
  });

  test('ends the connection in the middle of its work is not: it may have counted what it has not answered', async () => {
    const { ask, asked } = await ending('b');
    await ask('INCR', 'first');
    const [a, b] = await Promise.allSettled([ask('INCR', 'a'), ask('INCR', 'b')]);
    expect([a, b]).toMatchObject([{ value: 'OK' }, { reason: new Error('Redis: the connection is closed') }]);
    expect(asked).toEqual(['first', 'a', 'b']);
    expect(await ask('INCR', 'c')).toBe('OK');
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
