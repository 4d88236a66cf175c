import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { Client } from 'pg';
import { type Certificate, loopbackCertificate } from '../../../local/doors/certificate';
import { startPostgresDoor } from '../../../local/doors/postgres';
import { type PostgresStore, startPostgres } from '../../../local/stores/postgres';
import type { Running } from '../../../local/types';
import { allow, guardhouse, iamToken, PRINCIPAL, temporaryFolder, until, watcher } from '../support';

const folder = temporaryFolder();
const dbuser = (user: string) => `arn:aws:rds-db:us-east-1:000000000000:dbuser:prx-1/${user}`;
const house = guardhouse(allow('rds-db:connect', dbuser('gatehouse')));
const login = { Action: 'connect', DBUser: 'gatehouse' };

let postgres: PostgresStore;
let certificate: Certificate;
let door: Running & { port: number };

beforeAll(async () => {
  [postgres, certificate] = await Promise.all([
    startPostgres({
      folder: `${folder}/postgres`,
      master: { user: 'gatehouse', password: "it's a secret" },
      databases: ['gatehouse'],
      watcher,
      onCrash: (error) => {
        throw error;
      },
    }),
    loopbackCertificate(`${folder}/tls`),
  ]);
  door = await startPostgresDoor({ ...house, certificate, upstream: postgres, resourceIds: ['cluster-1', 'prx-1'] });
}, 30_000);

afterAll(async () => {
  await door.stop();
  await postgres.stop();
});

const clientFor = (password: string, user = 'gatehouse') =>
  new Client({
    host: 'localhost',
    port: door.port,
    user,
    password,
    database: 'gatehouse',
    ssl: { rejectUnauthorized: true, ca: readFileSync(certificate.caFile, 'utf8') },
  });

const token = (query = login, options = {}) =>
  iamToken('rds-db', { hostname: 'localhost', port: door.port }, query, options);

async function whoAmI(client: Client): Promise<unknown> {
  await client.connect();
  try {
    return (await client.query('SELECT current_user AS me')).rows;
  } finally {
    await client.end();
  }
}

test('an IAM token of a role that may connect opens a session as its user', async () => {
  expect(await whoAmI(clientFor(await token()))).toEqual([{ me: 'gatehouse' }]);
});

test('the master user logs in with the password of its secret', async () => {
  expect(await whoAmI(clientFor("it's a secret"))).toEqual([{ me: 'gatehouse' }]);
});

test('the master user is no superuser, as on RDS, and may hand on rds_iam', async () => {
  const client = clientFor(await token());
  await client.connect();
  const { rows } = await client.query('SELECT rolsuper FROM pg_roles WHERE rolname = current_user');
  await client.query('BEGIN; CREATE ROLE app LOGIN; GRANT rds_iam TO app; ROLLBACK');
  await client.end();
  expect(rows).toEqual([{ rolsuper: false }]);
});

test('a wrong password is refused by PostgreSQL itself', async () => {
  const refused = expect.objectContaining({
    code: '28P01',
    message: expect.stringContaining('password authentication'),
  });
  await expect(whoAmI(clientFor('wrong'))).rejects.toEqual(refused);
});

test('a token for a user that the policies do not name is refused, and the denial says who, what and where', async () => {
  const wrongUser = await token({ Action: 'connect', DBUser: 'postgres' });
  const refused = { code: '28P01', message: 'PAM authentication failed for user "postgres"' };
  await expect(whoAmI(clientFor(wrongUser, 'postgres'))).rejects.toMatchObject(refused);
  expect(house.denials).toEqual([
    { principal: PRINCIPAL, action: 'rds-db:connect', resource: dbuser('postgres').replace('prx-1', 'cluster-1') },
  ]);
});

test.each([
  ['for another user', () => token({ Action: 'connect', DBUser: 'other' })],
  ['older than its fifteen minutes', () => token(login, { at: new Date(Date.now() - 901_000) })],
  ['for another host', () => iamToken('rds-db', { hostname: 'db.example.com', port: 5432 }, login)],
  ['for another service', () => iamToken('elasticache', { hostname: 'localhost', port: 5432 }, login)],
  ['with a changed signature', async () => (await token()).replace(/Signature=./, 'Signature=x')],
  ['that lives longer than AWS allows', async () => (await token()).replace('Expires=900', 'Expires=90000')],
])('a token %s is refused', async (_, make) => {
  await expect(whoAmI(clientFor(await make()))).rejects.toMatchObject({ code: '28P01' });
});

test('a connection without TLS is refused', async () => {
  const client = new Client({ host: '127.0.0.1', port: door.port, user: 'gatehouse', password: 'x', ssl: false });
  await expect(client.connect()).rejects.toThrow('requires TLS');
});

/** PostgreSQL's CancelRequest, which comes on a connection of its own and without TLS or login. */
async function cancel(processId: number, secretKey: number): Promise<void> {
  const message = Buffer.alloc(16);
  [16, 80877102, processId, secretKey].forEach((word, index) => message.writeInt32BE(word, index * 4));
  const socket = connect(door.port, '127.0.0.1').end(message);
  await once(socket.resume(), 'close');
}

test('a running query can be cancelled through the door', async () => {
  const client = clientFor(await token());
  await client.connect();
  const errors: unknown[] = [];
  client.query('SELECT pg_sleep(20)').catch((error: unknown) => errors.push(error));
  // A cancellation that comes before the query has begun cancels nothing.
  await until(async () => {
    await cancel(Number(Reflect.get(client, 'processID')), Number(Reflect.get(client, 'secretKey')));
    return errors.length > 0;
  });
  expect(errors).toMatchObject([{ code: '57014' }]);
  await client.end();
});

test('a large result comes through whole', async () => {
  const client = clientFor(await token());
  await client.connect();
  const { rows } = await client.query<{ all: string }>(
    "SELECT string_agg(n::text, ',') AS all FROM generate_series(1, 500000) n",
  );
  await client.end();
  expect(rows[0]?.all).toHaveLength(3_388_894);
});
