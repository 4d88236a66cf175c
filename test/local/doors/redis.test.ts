import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { connect } from 'node:tls';
import Redis from 'ioredis';
import { type Certificate, loopbackCertificate } from '../../../local/doors/certificate';
import { startRedisDoor } from '../../../local/doors/redis';
import { openPort } from '../../../local/http/listen';
import { type RedisStore, startRedis } from '../../../local/stores/redis';
import type { Running } from '../../../local/types';
import { allow, credentials, guardhouse, iamToken, PRINCIPAL, temporaryFolder, watcher } from '../support';

const folder = temporaryFolder();
const ARN = 'arn:aws:elasticache:us-east-1:000000000000';
const CACHE = `${ARN}:serverlesscache:gatehouse`;
const house = guardhouse(allow('elasticache:Connect', [CACHE, `${ARN}:user:app`]));
const options = { folder, watcher, onCrash: () => undefined };

let redis: RedisStore;
let certificate: Certificate;
let door: Running & { port: number };

beforeAll(async () => {
  [redis, certificate] = await Promise.all([startRedis(options), loopbackCertificate(`${folder}/tls`)]);
  door = await startRedisDoor({ ...house, certificate, upstream: redis.address, cacheName: 'gatehouse' });
}, 30_000);

afterAll(async () => {
  await door.stop();
  await redis.stop();
});

const token = (user = 'app', query = {}, signing = {}) =>
  iamToken(
    'elasticache',
    { hostname: 'gatehouse' },
    { Action: 'connect', User: user, ResourceType: 'ServerlessCache', ...query },
    signing,
  );

const tls = () => ({ ca: readFileSync(certificate.caFile, 'utf8') });

async function clientFor(password: string, username = 'app', port = door.port): Promise<Redis> {
  const client = new Redis({
    host: 'localhost',
    port,
    username,
    password,
    tls: tls(),
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
  const failed = new Promise<never>((_, reject) => client.on('error', reject));
  await Promise.race([client.connect(), failed]);
  return client;
}

/** What the door says to bytes of a client that is no ioredis. */
function say(...chunks: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const socket = connect({ port: door.port, host: 'localhost', ...tls() }, () => {
      for (const chunk of chunks) socket.write(chunk);
      setTimeout(() => socket.destroy(), 150);
    });
    socket.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(said));
  });
}

const command = (...words: string[]) =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;

test('an IAM token of a role that may connect opens a session', async () => {
  const client = await clientFor(await token());
  await client.set('greeting', 'hello');
  expect(await client.eval("return redis.call('GET', KEYS[1])", 1, 'greeting')).toBe('hello');
  client.disconnect();
});

test('what is behind the login in the same packet is answered too', async () => {
  const login = command('AUTH', 'app', await token());
  expect(await say(login + command('PING') + command('ECHO', 'after'))).toBe('+OK\r\n+PONG\r\n$5\r\nafter\r\n');
});

test('a login that comes byte by byte is understood', async () => {
  expect(await say(...command('AUTH', 'app', await token()).split(''), command('PING'))).toBe('+OK\r\n+PONG\r\n');
});

test('HELLO with a login switches to RESP3', async () => {
  const said = await say(
    command('HELLO', '3', 'AUTH', 'app', await token(), 'SETNAME', 'tester'),
    command('CLIENT', 'GETNAME'),
  );
  expect(said).toMatch(/^%\d[^]*redis[^]*\$6\r\ntester\r\n$/);
});

test('before its login a client gets nothing but NOAUTH', async () => {
  expect(await say(command('GET', 'greeting'), command('HELLO', '3'))).toBe(
    '-NOAUTH Authentication required.\r\n'.repeat(2),
  );
});

test.each([
  ['no RESP at all', 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ['a command of a million words', '*1000000\r\n'],
  ['a word of a gigabyte', '*1\r\n$1073741824\r\n'],
])('a client that sends %s is cut off and the door stays open', async (_, bytes) => {
  expect(await say(bytes)).toBe('');
  expect(await say(command('QUIT'))).toBe('+OK\r\n');
});

test.each([
  ['for another user', () => token('other')],
  ['older than its fifteen minutes', () => token('app', {}, { at: new Date(Date.now() - 901_000) })],
  ['of a node-based cache', () => token('app', { ResourceType: 'ReplicationGroup' })],
  ['signed with another secret', () => token('app', {}, { by: { ...credentials, secretAccessKey: 'guess' } })],
  ['of unknown credentials', () => token('app', {}, { by: { ...credentials, accessKeyId: 'AKIANOBODY' } })],
  ['that is an ordinary password', () => Promise.resolve('password')],
])('a token %s is refused', async (_, make) => {
  expect(await say(command('AUTH', 'app', await make()))).toMatch(/^-WRONGPASS /);
  await expect(clientFor(await make())).rejects.toThrow('WRONGPASS');
});

test.each([
  ['cache', CACHE, `${ARN}:user:app`],
  ['user', `${ARN}:user:app`, CACHE],
])('a role without the %s in its policies is refused, and the denial names that', async (_, missing, allowed) => {
  const strict = guardhouse(allow('elasticache:Connect', allowed));
  const other = await startRedisDoor({ ...strict, certificate, upstream: redis.address, cacheName: 'gatehouse' });
  await expect(clientFor(await token(), 'app', other.port)).rejects.toThrow('WRONGPASS');
  expect(strict.denials[0]).toEqual({ principal: PRINCIPAL, action: 'elasticache:Connect', resource: missing });
  await other.stop();
});

test('the Redis behind takes nobody without its password, so the door cannot be walked past', async () => {
  const socket = createConnection(redis.address.port, '127.0.0.1').end(command('GET', 'greeting'));
  const [said] = await once(socket, 'data');
  expect(String(said)).toMatch(/^-NOAUTH /);
});

test('data is there again after a restart', async () => {
  const client = await clientFor(await token());
  await client.set('kept', 'yes');
  client.disconnect();
  await Promise.all([door.stop(), redis.stop()]);
  redis = await startRedis(options);
  door = await startRedisDoor({ ...house, certificate, upstream: redis.address, cacheName: 'gatehouse' });
  const again = await clientFor(await token());
  expect(await again.get('kept')).toBe('yes');
  again.disconnect();
});

test.each([
  [
    'where nothing listens',
    () => 'redis://127.0.0.1:1',
    /^REDIS_URL: no Redis to use at 127\.0\.0\.1:1 \(.*ECONNREFUSED.*\)$/,
  ],
  ['that is no URL', () => 'localhost', /^REDIS_URL is not a URL like redis/],
  [
    'with a wrong password',
    () => `redis://:not-the-one@127.0.0.1:${redis.address.port}`,
    /^REDIS_URL: no Redis to use at 127\.0\.0\.1:\d+ \(-WRONGPASS [^\n]+\)$/,
  ],
  [
    'without the password it wants',
    () => `redis://127.0.0.1:${redis.address.port}`,
    /^REDIS_URL: no Redis to use at [\d.:]+ \(-NOAUTH [^\n]+\)$/,
  ],
])('a REDIS_URL %s stops the start with one line', async (_, url, line) => {
  await expect(startRedis({ ...options, url: url() })).rejects.toThrow(line);
});

test('a REDIS_URL of something that never answers stops the start too', async () => {
  const silent = await openPort(createServer());
  await expect(startRedis({ ...options, url: `redis://127.0.0.1:${silent.port}` })).rejects.toThrow(
    'no answer within 3 s',
  );
  await silent.stop();
});

test('the server of a REDIS_URL is used as it is', async () => {
  const { port, password } = redis.address;
  const { address } = await startRedis({ ...options, url: `redis://:${password}@127.0.0.1:${port}` });
  expect(address).toEqual({ host: '127.0.0.1', port, tls: false, password });
});
