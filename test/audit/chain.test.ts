import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { verify } from '../../lambdas/audit/verify';
import { appendAudit } from '../../lambdas/shared/stores/audit';
import { inTenant } from '../../lambdas/shared/stores/tenancy';
import { startTenants, type TestTenants, userOf } from '../support/tenants';

let tenants: TestTenants;
let master: Pool;
beforeAll(async () => {
  tenants = await startTenants();
  master = tenants.database.master;
}, 30_000);
afterAll(() => tenants.stop());

const ORIGIN = { requestId: 'request', sourceIp: '192.0.2.1', userAgent: 'test' };
const event = (n: number) => ({ actor: 'nobody', action: 'thing.made', target: `thing:${n}`, after: { n } });
const append = (organisation: string, n: number, origin = ORIGIN) =>
  inTenant(tenants.app, { organisation }, (sql) => appendAudit(sql, organisation, origin, event(n)));

/** A chain of its own with this many links. */
async function chain(links = 5): Promise<string> {
  const organisation = randomUUID();
  for (let n = 1; n <= links; n++) await append(organisation, n);
  return organisation;
}

const check = (organisation: string, behind = 0, noted?: { head: string; seq: number }, most?: number) =>
  inTenant(tenants.app, { organisation }, (sql) => verify(sql, organisation, behind, noted, most));
/** As the owner of the database can: nobody else. */
const tamper = (organisation: string, change: string) => master.query(change.replaceAll('$1', `'${organisation}'`));
const where = (seq: number) => `where organisation_id = $1 and seq = ${seq}`;

describe('the check of a chain', () => {
  test('of nothing, and of a whole one, finds nothing', async () => {
    expect(await check(randomUUID())).toEqual({ intact: true, links: 0, head: '', checked: 0 });
    expect(await check(await chain())).toMatchObject({ intact: true, links: 5, checked: 5 });
  });

  test.each([
    [
      'a record that was altered',
      `update gatehouse.audit_log set record = replace(record, 'made', 'lost') ${where(3)}`,
      3,
      'altered',
    ],
    [
      'a time that was altered',
      `update gatehouse.audit_log set at = at + interval '1 microsecond' ${where(3)}`,
      3,
      'altered',
    ],
    ['a hash that was altered', `update gatehouse.audit_log set hash = sha256('x') ${where(3)}`, 3, 'altered'],
    ['a number that was altered', `update gatehouse.audit_log set seq = 7 ${where(3)}`, 3, 'missing'],
    ['a link that was taken out', `delete from gatehouse.audit_log ${where(3)}`, 3, 'missing'],
    ['the first link taken out', `delete from gatehouse.audit_log ${where(1)}`, 1, 'missing'],
    ['the last link taken out', `delete from gatehouse.audit_log ${where(5)}`, 5, 'missing'],
    ['all links taken out', 'delete from gatehouse.audit_log where organisation_id = $1', 1, 'missing'],
    ['a head that was set back', 'update gatehouse.audit_heads set seq = 3 where organisation_id = $1', 3, 'unlinked'],
    [
      'a head that points elsewhere',
      "update gatehouse.audit_heads set hash = sha256('x') where organisation_id = $1",
      5,
      'unlinked',
    ],
    [
      'a record that was altered, and its hash with it',
      `update gatehouse.audit_log set record = '{"action":"a"}', hash = gatehouse.audit_hash(previous, seq, at, '{"action":"a"}') ${where(3)}`,
      4,
      'unlinked',
    ],
    [
      'a link that was slipped in',
      `insert into gatehouse.audit_log (organisation_id, seq, at, record, previous, hash)
       select organisation_id, seq, at - interval '1 second', record, previous, gatehouse.audit_hash(previous, seq, at - interval '1 second', record)
       from gatehouse.audit_log ${where(3)}`,
      3,
      'duplicate',
    ],
  ])('names the first link that does not hold: %s', async (_, change, seq, why) => {
    const organisation = await chain();
    await tamper(organisation, change);
    expect(await check(organisation)).toMatchObject({ intact: false, broken: { seq, why } });
  });

  test('names the first of several', async () => {
    const organisation = await chain(9);
    for (const seq of [8, 4, 6])
      await tamper(organisation, `update gatehouse.audit_log set record = '{"action":"b"}' ${where(seq)}`);
    expect(await check(organisation)).toMatchObject({ broken: { seq: 4, why: 'altered' } });
  });

  test('of a long chain goes on where it stopped, and finds in parts what it finds in one', async () => {
    const organisation = await chain(12);
    await tamper(organisation, `update gatehouse.audit_log set record = '{"action":"b"}' ${where(11)}`);
    const stops: number[] = [];
    let answer = await check(organisation, 0, undefined, 3);
    while (answer.next !== undefined) {
      stops.push(answer.next);
      answer = await check(organisation, answer.next, undefined, 3);
    }
    expect(stops).toEqual([4, 7, 10]);
    expect(answer).toMatchObject({ intact: false, broken: { seq: 11, why: 'altered' } });
  });

  test('behind a link that is not there says so', async () => {
    const organisation = await chain(4);
    expect(await check(organisation, 4)).toMatchObject({ intact: true, checked: 4 });
    expect(await check(organisation, 9)).toMatchObject({ intact: false, broken: { seq: 9, why: 'missing' } });
    await tamper(organisation, `delete from gatehouse.audit_log ${where(4)}`);
    expect(await check(organisation, 4)).toMatchObject({ intact: false, broken: { seq: 4, why: 'missing' } });
  });

  test('shows by a head noted before that the end was cut off and written anew', async () => {
    const organisation = await chain(4);
    const { head, links } = await check(organisation);
    await append(organisation, 5);
    expect(await check(organisation, 0, { head, seq: links })).toMatchObject({
      intact: true,
      noted: { seq: 4, holds: true },
    });
    await tamper(organisation, 'delete from gatehouse.audit_log where organisation_id = $1 and seq > 3');
    await tamper(
      organisation,
      `update gatehouse.audit_heads set seq = 3, hash = (select hash from gatehouse.audit_log ${where(3)}) where organisation_id = $1`,
    );
    for (const n of [4, 5]) await append(organisation, n);
    expect(await check(organisation)).toMatchObject({ intact: true, links: 5 });
    expect(await check(organisation, 0, { head, seq: links })).toMatchObject({
      intact: true,
      noted: { seq: 4, holds: false },
    });
  });

  test('finds nothing when many append at once: the links have one order', async () => {
    const organisation = randomUUID();
    await Promise.all(Array.from({ length: 60 }, (_, n) => append(organisation, n)));
    expect(await check(organisation)).toMatchObject({ intact: true, links: 60, checked: 60 });
  });
});

test.each([
  ['a NUL', 'a\u0000b', 'a\ufffdb'],
  ['half a character', 'a\ud83d', 'a\ufffd'],
  ['the other half', '\ude00b', '\ufffdb'],
  ['a whole one', 'a\u{1f600}', 'a\u{1f600}'],
  ['an escape of NUL, spelled out', 'a\\u0000b', 'a\\u0000b'],
  ['two backslashes before it', 'a\\\\u0000b', 'a\\\\u0000b'],
  ['half a character, spelled out', 'a\\ud83d', 'a\\ud83d'],
])('an agent that holds %s is kept, for no word of a caller stops the audit', async (_, userAgent, kept) => {
  const organisation = randomUUID();
  await append(organisation, 1, { ...ORIGIN, userAgent });
  const { rows } = await master.query('select record from gatehouse.audit_log where organisation_id = $1', [
    organisation,
  ]);
  expect(JSON.parse(rows[0].record).from.userAgent).toBe(kept);
  expect(await check(organisation)).toMatchObject({ intact: true, links: 1 });
});

const partitions = async () => {
  const { rows } = await master.query(
    "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'gatehouse.audit_log'::regclass",
  );
  return rows.map(({ name }): string => name);
};

describe('nobody but the owner of the database', () => {
  const logins = ['app', 'auth'] as const;
  const as = async (login: (typeof logins)[number], statement: string) => {
    const { organisation } = userOf('admin');
    await append(organisation, 1);
    return inTenant(tenants[login], { organisation }, (sql) =>
      sql.query(statement.replaceAll('$1', `'${organisation}'`)),
    );
  };
  test.each(logins)('changes, removes or adds a row of the audit, by any name: %s', async (login) => {
    const tables = ['gatehouse.audit_log', 'gatehouse.audit_heads', ...(await partitions())];
    expect(tables.length).toBeGreaterThan(20);
    for (const table of tables)
      for (const statement of [
        `update ${table} set seq = seq`,
        `delete from ${table}`,
        `truncate ${table}`,
        `insert into ${table} (organisation_id, seq) select organisation_id, seq from ${table}`,
        `alter table ${table} disable row level security`,
        `drop table ${table}`,
        `lock table ${table} in access exclusive mode`,
      ])
        await expect(as(login, statement)).rejects.toThrow(/permission denied|must be owner/);
  });

  test.each(logins)(
    'reads a partition by its own name, where the policies of the whole do not count: %s',
    async (login) => {
      for (const table of await partitions())
        await expect(as(login, `select * from ${table}`)).rejects.toThrow('permission denied');
    },
  );

  test('reads rows of another organisation, or the heads of others', async () => {
    await append(userOf('admin', 'globex.example').organisation, 1);
    for (const table of ['audit_log', 'audit_heads']) {
      const { rows } = await as('app', `select organisation_id from gatehouse.${table}`);
      expect(rows.length).toBeGreaterThan(0);
      expect(new Set(rows.map((row) => JSON.stringify(row))).size).toBe(1);
      await expect(as('auth', `select * from gatehouse.${table}`)).rejects.toThrow('permission denied');
    }
    const outside = await tenants.database.app.query('select * from gatehouse.audit_log');
    expect(outside.rows).toEqual([]);
  });

  test('appends to the chain of another organisation, or checks it', async () => {
    const { organisation } = userOf('admin', 'globex.example');
    await expect(as('app', `select gatehouse.audit_append('${organisation}', '{}')`)).rejects.toThrow(
      'audit of another organisation',
    );
    await expect(as('app', "select gatehouse.audit_append(null, '{}')")).rejects.toThrow(
      'audit of another organisation',
    );
    await expect(tenants.database.app.query(`select gatehouse.audit_append('${organisation}', '{}')`)).rejects.toThrow(
      'audit of another',
    );
    await expect(as('app', `select gatehouse.audit_verify('${organisation}', 0, 10)`)).rejects.toThrow(
      'audit of another organisation',
    );
  });

  test.each(logins)('makes partitions, or becomes somebody else: %s', async (login) => {
    for (const statement of [
      'select gatehouse.make_audit_partitions(1)',
      'set role master',
      'set session authorization master',
      'set row_security = off; select * from gatehouse.audit_log',
      'create table gatehouse.audit_log_1999_01 (id int)',
    ])
      await expect(as(login, statement)).rejects.toThrow(/permission denied|must be|would be affected/);
  });
});

const monthOf = (date: Date) => `${date.getUTCFullYear()}_${String(date.getUTCMonth() + 1).padStart(2, '0')}`;

describe('partitions', () => {
  const INSERT = `insert into gatehouse.audit_log (organisation_id, seq, at, record, previous, hash)
    values ($1, $2, $3, '{"action":"thing.made","actor":"a","target":"b","outcome":"done"}', '', '') returning tableoid::regclass::text as name`;
  const place = async (organisation: string, seq: number, at: string) =>
    (await master.query(INSERT, [organisation, seq, at])).rows[0].name;
  test("take a row in its month's own, this month's as every other of the next two years", async () => {
    const organisation = await chain(1);
    const { rows } = await master.query(
      'select tableoid::regclass::text as name from gatehouse.audit_log where organisation_id = $1',
      [organisation],
    );
    const now = new Date();
    expect(rows).toEqual([{ name: `gatehouse.audit_log_${monthOf(now)}` }]);
    for (let months = 0; months <= 24; months++) {
      const day = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months, 1));
      expect(await place(organisation, 100 + months, day.toISOString())).toBe(`gatehouse.audit_log_${monthOf(day)}`);
    }
  });

  test('leave nothing out: a row of a month that has none is kept among the others', async () => {
    const organisation = randomUUID();
    expect(await place(organisation, 1, '1999-12-31T23:59:59.999999Z')).toBe('gatehouse.audit_log_other');
    expect(await place(organisation, 2, '2199-01-01T00:00:00Z')).toBe('gatehouse.audit_log_other');
  });

  test('made after rows of their month have come take those rows in, and the chain holds', async () => {
    const organisation = await chain(3);
    const month = `gatehouse.audit_log_${monthOf(new Date())}`;
    await master.query(`
      begin;
      create temporary table kept on commit drop as select organisation_id, seq, at, record, previous, hash from ${month};
      drop table ${month};
      insert into gatehouse.audit_log (organisation_id, seq, at, record, previous, hash) select * from kept;
      commit`);
    expect(await check(organisation)).toMatchObject({ intact: true, links: 3 });
    const placed =
      'select distinct tableoid::regclass::text as name from gatehouse.audit_log where organisation_id = $1';
    expect((await master.query(placed, [organisation])).rows).toEqual([{ name: 'gatehouse.audit_log_other' }]);
    await master.query('select gatehouse.make_audit_partitions(24)');
    expect((await master.query(placed, [organisation])).rows).toEqual([{ name: month }]);
    expect(await check(organisation)).toMatchObject({ intact: true, links: 3 });
    await expect(tenants.database.app.query(`select * from ${month}`)).rejects.toThrow('permission denied');
    await append(organisation, 4);
    expect(await check(organisation)).toMatchObject({ intact: true, links: 4 });
  });
});
