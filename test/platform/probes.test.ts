import { createServer, type Server, type Socket } from 'node:net';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { Pool } from 'pg';
import { keysProbe, postgresProbe, redisProbe } from '../../lambdas/platform/probes';
import type { Probe } from '../../lambdas/platform/readiness';
import { probeAll } from '../../lambdas/platform/readiness';
import { redisBehind } from '../../lambdas/shared/stores/redis';
import { captureOutput } from '../support/output';
import { doorTo } from '../support/redis';

captureOutput();

const DEADLINE_MS = 500;
const HOST = '127.0.0.1';

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
    const door = doorTo({ host: HOST, port: port(), password: '' });
    expect(await stateOf(redisProbe(redisBehind(door)))).toBe('down');
    door.end();
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
