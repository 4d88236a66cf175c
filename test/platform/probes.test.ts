import { createServer, type Server, type Socket } from 'node:net';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { keysProbe, postgresProbe, redisProbe } from '../../lambdas/platform/probes';
import type { Probe } from '../../lambdas/platform/readiness';
import { probeAll } from '../../lambdas/platform/readiness';

const DEADLINE_MS = 500;
const HOST = '127.0.0.1';

/** As `openRedis` has them, but for TLS and the sign-in. */
const REDIS = {
  lazyConnect: true,
  enableReadyCheck: false,
  commandTimeout: DEADLINE_MS,
  maxRetriesPerRequest: 1,
  // How long ioredis keeps the process alive after `disconnect()`.
  disconnectTimeout: 50,
};

const stateOf = async (probe: Probe) => {
  const [found] = await probeAll({ probes: [probe], deadlineMs: DEADLINE_MS, now: () => performance.now() });
  return found?.state;
};

const listening = (server: Server) =>
  new Promise<number>((resolve) => {
    server.listen(0, HOST, () => {
      const address = server.address();
      resolve(typeof address === 'object' ? (address?.port ?? 0) : 0);
    });
  });

/** A port that accepts and says nothing, as a database that hangs; and one that nobody listens on. */
let silentPort: number;
let closedPort: number;
const sockets: Socket[] = [];
const silent = createServer((socket) => sockets.push(socket));

beforeAll(async () => {
  silentPort = await listening(silent);
  const brief = createServer();
  closedPort = await listening(brief);
  await new Promise((resolve) => brief.close(resolve));
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => silent.close(resolve));
});

describe.each([
  ['hangs', () => silentPort],
  ['is not there', () => closedPort],
])('a dependency that %s is down', (_, port) => {
  test('postgres', async () => {
    const pool = new Pool({ host: HOST, port: port(), connectionTimeoutMillis: 2 * DEADLINE_MS });
    expect(await stateOf(postgresProbe(pool))).toBe('down');
    await pool.end();
  });

  test('redis', async () => {
    const redis = new Redis({ host: HOST, port: port(), ...REDIS });
    redis.on('error', () => undefined);
    expect(await stateOf(redisProbe(redis))).toBe('down');
    redis.disconnect();
  });

  test('the table of keys', async () => {
    pointAt(port());
    expect(await stateOf(keysProbe('keys'))).toBe('down');
  });
});

/** As Lambda tells a function of its region and credentials, and where AWS is. */
const pointAt = (port: number) =>
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: `http://${HOST}:${port}`,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  });

const at = (port: number) => ({
  endpoint: `http://${HOST}:${port}`,
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
});

describe('the table of keys', () => {
  const dynamo = dynalite({ createTableMs: 0 });
  let port: number;
  beforeAll(async () => {
    port = await listening(dynamo);
    const client = new DynamoDBClient(at(port));
    await client.send(
      new CreateTableCommand({
        TableName: 'keys',
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    );
    client.destroy();
  });
  afterAll(() => new Promise((resolve) => dynamo.close(resolve)));

  test('is up when it is there', async () => {
    pointAt(port);
    expect(await stateOf(keysProbe('keys'))).toBe('up');
  });

  test('is down when it is not there', async () => {
    pointAt(port);
    expect(await stateOf(keysProbe('others'))).toBe('down');
  });
});
