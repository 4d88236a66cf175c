import type { Pool } from 'pg';
import * as z from 'zod/mini';
import type { Migration } from '../../lambdas/migrate/migrate';
import { migrateAll, platformMigrations } from '../support/platform-database';
import { startPostgres, type TestPostgres } from '../support/postgres';

let postgres: TestPostgres;
let database: Pool;
beforeAll(async () => {
  postgres = await startPostgres();
  database = postgres.master;
}, 30_000);
afterAll(() => postgres.stop());

const FIRST = { name: '0001-first.sql', sql: 'create schema test; create table test.log (at serial, what text)' };
const SECOND = { name: '0002-second.sql', sql: "insert into test.log (what) values ('second')" };
const THIRD = { name: '0003-third.sql', sql: "insert into test.log (what) values ('third')" };

const Column = z.array(z.object({ value: z.string() }));
const column = async (sql: string) => Column.parse((await database.query(sql)).rows).map(({ value }) => value);
const log = () => column('select what as value from test.log order by at');
const applied = () => column('select name as value from gatehouse_migrations order by name');
/** Every table there is, with its columns: what a schema is, as far as these tests change it. */
const schema = () =>
  column(`select table_schema || '.' || table_name || '.' || column_name as value from information_schema.columns
          where table_schema not in ('pg_catalog', 'information_schema') order by 1`);

const run = (...migrations: Migration[]) => migrateAll(database, migrations);

describe('migrating', () => {
  beforeEach(() => database.query('drop schema if exists test cascade; drop table if exists gatehouse_migrations'));

  test('every file runs once, in order of its number and not of the list', async () => {
    expect(await run(THIRD, FIRST, SECOND)).toEqual(['0001-first.sql', '0002-second.sql', '0003-third.sql']);
    expect(await log()).toEqual(['second', 'third']);
  });

  test('a second run does nothing, and a third runs only what is new', async () => {
    await run(FIRST, SECOND);
    expect(await run(FIRST, SECOND)).toEqual([]);
    expect(await run(FIRST, SECOND, THIRD)).toEqual(['0003-third.sql']);
    expect(await log()).toEqual(['second', 'third']);
  });

  test('a file that fails is named, and the schema is as it was, earlier files of the same run included', async () => {
    await run(FIRST);
    const before = await schema();
    const more = { name: '0002-more.sql', sql: 'create table test.more (id int)' };
    const broken = { name: '0003-broken.sql', sql: 'create table test.half (id int); select from test.nothing' };
    await expect(run(FIRST, more, broken)).rejects.toThrow(
      'migration 0003-broken.sql: relation "test.nothing" does not exist',
    );
    expect(await schema()).toEqual(before);
    expect(await applied()).toEqual(['0001-first.sql']);
  });

  test('a first run that fails leaves nothing, its own bookkeeping included', async () => {
    await expect(run({ name: '0001-broken.sql', sql: 'create table oops (id int); select 1/0' })).rejects.toThrow(
      '0001',
    );
    expect(await schema()).toEqual([]);
  });

  test('after a failure the mended file runs', async () => {
    await expect(run(FIRST, { ...SECOND, sql: 'selec' })).rejects.toThrow(SECOND.name);
    expect(await run(FIRST, SECOND)).toEqual([FIRST.name, SECOND.name]);
  });

  test('a file that was changed after it had run is refused by name, before anything else runs', async () => {
    await run(FIRST);
    const changed = { ...FIRST, sql: `${FIRST.sql} -- and more` };
    await expect(run(changed, SECOND)).rejects.toThrow(
      'migration 0001-first.sql: changed after it had run; add a new one',
    );
    expect(await log()).toEqual([]);
  });

  test('two deploys at once run each file once', async () => {
    const slow = { ...FIRST, sql: `select pg_sleep(0.3); ${FIRST.sql}` };
    const results = await Promise.all([run(slow, SECOND), run(slow, SECOND)]);
    expect(results.toSorted((one, other) => other.length - one.length)).toEqual([[FIRST.name, SECOND.name], []]);
    expect(await log()).toEqual(['second']);
  });

  test('a deploy whose connection is lost in the middle fails with that reason and leaves nothing', async () => {
    const suicide = { ...SECOND, sql: 'select pg_terminate_backend(pg_backend_pid())' };
    await expect(run(FIRST, suicide)).rejects.toThrow('migration 0002-second.sql: terminating connection');
    expect(await schema()).toEqual([]);
  });

  test.each([
    '1-short.sql',
    '0001_first.sql',
    '0001-First.sql',
    '0001-first.sql.bak',
    'README.md',
    '../0001-first.sql',
  ])('a file named %s is refused by name, and nothing runs', async (name) => {
    await expect(run(FIRST, { name, sql: 'select 1' })).rejects.toThrow(`migration ${name}: the name must be`);
    expect(await schema()).toEqual([]);
  });
});

describe('the schema of the platform', () => {
  let app: Pool;
  beforeAll(async () => {
    await migrateAll(database, platformMigrations);
    await database.query("alter role gatehouse_app password 'test'");
    app = postgres.as('gatehouse_app');
  });

  test('comes from an empty database', async () => {
    expect(await schema()).toEqual(
      expect.arrayContaining(['gatehouse.members.roles', 'gatehouse.organisations.id', 'gatehouse.users.email']),
    );
  });

  test.each(['gatehouse_app', 'gatehouse_auth'])('gives %s a login that signs in with IAM', async (role) => {
    const { rows } = await database.query("select pg_has_role($1, 'rds_iam', 'member') as iam", [role]);
    expect(rows).toEqual([{ iam: true }]);
  });

  test.each([
    ['add a table', 'create table gatehouse.mine (id int)'],
    ['add a table in public', 'create table public.mine (id int)'],
    ['add a schema', 'create schema mine'],
    ['change a table', 'alter table gatehouse.users add column admin boolean'],
    ['drop a table', 'drop table gatehouse.members'],
    ['empty a table past its triggers', 'truncate gatehouse.users cascade'],
    ['read which migrations ran', 'select * from public.gatehouse_migrations'],
    ["read a password's hash", 'select password_hash from gatehouse.users'],
    ['read refresh tokens', 'select * from gatehouse.refresh_tokens'],
    ['make a partition', 'select gatehouse.make_audit_partitions(1)'],
    ['make a role', 'create role mine'],
    ['become the owner', 'set role master'],
    ['become who signs people in', 'set role gatehouse_auth'],
    ['switch off row-level security', 'alter table gatehouse.members disable row level security'],
  ])('does not let the functions %s', async (_, sql) => {
    await expect(app.query(sql)).rejects.toThrow(/must be owner|permission denied/);
  });

  test.each([
    ['an e-mail in capitals', "insert into gatehouse.users (email, name) values ('A@b.example', 'A')"],
    ['a user without an e-mail and without an issuer', "insert into gatehouse.users (name) values ('A')"],
    ['an organisation without a name', "insert into gatehouse.organisations (name) values ('')"],
    ['a plan that is none', "insert into gatehouse.organisations (name, plan) values ('Acme', 'gold')"],
  ])('refuses %s', async (_, sql) => {
    await expect(database.query(sql)).rejects.toThrow('violates check constraint');
  });
});

describe('from the schema before, with its rows', () => {
  const ORGANISATION = '0a000000-0000-4000-8000-000000000001';
  const USER = '0b000000-0000-4000-8000-000000000011';
  let older: TestPostgres;
  beforeAll(async () => {
    older = await startPostgres();
    const [first] = platformMigrations;
    if (!first) throw new Error('no migrations');
    await migrateAll(older.master, [first]);
    await older.master.query(`
      insert into gatehouse.organisations (id, name) values ('${ORGANISATION}', 'Acme');
      insert into gatehouse.users (id, email, name) values ('${USER}', 'a@acme.example', 'A');
      insert into gatehouse.memberships (organisation_id, user_id, role)
        values ('${ORGANISATION}', '${USER}', 'viewer'), ('${ORGANISATION}', '${USER}', 'admin')`);
    await migrateAll(older.master, platformMigrations);
  }, 30_000);
  afterAll(() => older.stop());

  test('every member keeps its roles', async () => {
    const { rows } = await older.master.query('select organisation_id, user_id, roles, version from gatehouse.members');
    expect(rows).toEqual([{ organisation_id: ORGANISATION, user_id: USER, roles: ['admin', 'viewer'], version: 1 }]);
  });

  test('it is the schema that an empty database gets', async () => {
    const columns = `select table_name || '.' || column_name || ' ' || data_type as value
      from information_schema.columns where table_schema = 'gatehouse' order by 1`;
    const migrated = Column.parse((await older.master.query(columns)).rows);
    expect(migrated.map(({ value }) => value)).toEqual(await column(columns));
  });
});
