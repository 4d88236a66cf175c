import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { ownerPassword } from '../../lambdas/rotate/owner-password';
import { OwnerLogin } from '../../lambdas/shared/stores/owner';
import { startAws, type TestAws } from '../support/aws';
import { startPostgres, type TestPostgres } from '../support/postgres';
import { rotationOf, SECRET } from './rotation';

/** A name that must be quoted. */
const OWNER = 'gatehouse "owner"';

let aws: TestAws;
let postgres: TestPostgres;
beforeAll(async () => {
  [aws, postgres] = await Promise.all([startAws(), startPostgres()]);
  await postgres.master.query('create role "gatehouse ""owner""" login');
}, 30_000);
afterAll(() => Promise.all([aws.stop(), postgres.stop()]));

/** As `asOwner` does, over TCP without TLS, which this PostgreSQL does not have. */
async function connect<T>(login: OwnerLogin, work: (client: Client) => Promise<T>): Promise<T> {
  const { username: user, password, host, port, dbname: database } = login;
  const client = new Client({ host, port, database, user, password });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

let login: OwnerLogin;
beforeEach(async () => {
  login = { username: OWNER, password: randomUUID(), host: '127.0.0.1', port: postgres.port, dbname: 'postgres' };
  await postgres.master.query(`alter role "gatehouse ""owner""" password '${login.password}'`);
  aws.setSecret(SECRET, JSON.stringify({ ...login, engine: 'postgres' }));
});

const started = () => rotationOf(aws, ownerPassword(connect));
const signsIn = (as: OwnerLogin) =>
  connect(as, async (client) => client.query('select 1')).then(
    () => true,
    () => false,
  );

test('after a rotation the secret holds a password that signs in, and the old one does not', async () => {
  const { rotate, current } = started();
  await rotate(randomUUID());
  const renewed = OwnerLogin.parse(current());
  expect(renewed.password).toMatch(/^[0-9a-f]{48}$/);
  expect([await signsIn(renewed), await signsIn(login)]).toEqual([true, false]);
});

test('all else that the secret says of the database stays', async () => {
  const { rotate, current } = started();
  await rotate(randomUUID());
  const renewed = OwnerLogin.parse(current());
  expect(renewed).toEqual({ ...login, engine: 'postgres', password: renewed.password });
});

test('twice in a row works, and every step may be repeated', async () => {
  const { rotate, current } = started();
  await rotate(randomUUID());
  const token = randomUUID();
  await rotate(token, ['createSecret', 'createSecret', 'setSecret', 'setSecret', 'testSecret', 'finishSecret']);
  const renewed = current();
  await rotate(token);
  expect(current()).toBe(renewed);
  expect(await signsIn(OwnerLogin.parse(renewed))).toBe(true);
});

test('a rotation that stopped after the password was changed goes on to a secret that signs in', async () => {
  const { rotate, current } = started();
  const token = randomUUID();
  await rotate(token, ['createSecret', 'setSecret']);
  expect(OwnerLogin.parse(current()).password).toBe(login.password);
  await rotate(token);
  expect(await signsIn(OwnerLogin.parse(current()))).toBe(true);
});

test('a rotation that cannot sign in leaves the secret and the database as they were', async () => {
  aws.setSecret(SECRET, JSON.stringify({ ...login, password: 'wrong' }));
  const { rotate, current } = started();
  await expect(rotate(randomUUID())).rejects.toThrow('password authentication failed');
  expect(OwnerLogin.parse(current()).password).toBe('wrong');
  expect(await signsIn(login)).toBe(true);
});

test('a pending password that does not sign in is not put into force', async () => {
  const { rotate, current } = started();
  await expect(rotate(randomUUID(), ['createSecret', 'testSecret'])).rejects.toThrow('password authentication failed');
  expect(OwnerLogin.parse(current()).password).toBe(login.password);
});
