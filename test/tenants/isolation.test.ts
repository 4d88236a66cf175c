import { randomUUID } from 'node:crypto';
import type { Identity } from '../../lambdas/shared/access/principal';
import { inTenant, type Sql } from '../../lambdas/shared/stores/tenancy';
import { tenantRoutes } from '../../lambdas/tenants/contract';
import { captureOutput } from '../support/output';
import { fresh, idOf, start, type Tenants } from './support';

captureOutput();

let tenants: Tenants;
let acme: Identity;
let globex: Identity;
/** A member of both, who is signed in to the first. */
let both: Identity;

beforeAll(async () => {
  tenants = await start();
  acme = await tenants.signedIn('admin');
  globex = await tenants.signedIn('admin', 'globex.example');
  both = await tenants.member(['admin']);
  await tenants.sql("insert into gatehouse.members (organisation_id, user_id, roles) values ($1, $2, '{viewer}')", [
    globex.organisation,
    both.id,
  ]);
}, 30_000);
let filled: Promise<unknown> | undefined;
beforeEach(() => (filled ??= fill(acme).then(() => fill(globex))));
afterAll(() => tenants.stop());

/** Something of this organisation in every table. */
async function fill(admin: Identity): Promise<void> {
  const { sql, call } = tenants;
  const { organisation, id } = admin;
  const headers = { 'idempotency-key': randomUUID() };
  const workspace = idOf(await call('createWorkspace', { as: admin, body: { name: fresh('w') }, headers }));
  await call('putWorkspaceMember', { as: admin, params: { id: workspace, user: id }, body: { roles: ['viewer'] } });
  await call('createRole', { as: admin, body: { name: fresh('role'), permissions: [] } });
  await call('createInvitation', { as: admin, body: { email: `${randomUUID()}@x.example`, roles: ['viewer'] } });
  const grant = { subject: `user:${id}`, resource: 'webhook:we_1', role: 'viewer', effect: 'allow' };
  await call('createGrant', { as: admin, body: grant });
  await tenants.key(admin, []);
  await tenants.client(organisation, []);
  await sql("insert into gatehouse.revoked_tokens values ($1, $2, 'user:x', now() + interval '1 hour')", [
    randomUUID(),
    organisation,
  ]);
  await sql(
    `insert into gatehouse.issuers (organisation_id, issuer, audience, settings) values ($1, $2, 'gatehouse', '{}')`,
    [organisation, `https://${randomUUID()}.example`],
  );
  await sql(
    `insert into gatehouse.authorization_codes
       (digest, organisation_id, user_id, client_id, redirect_uri, code_challenge, expires_at)
     values (sha256($1::text::bytea), $2, $3, 'client', 'https://x.example', 'c', now())`,
    [randomUUID(), organisation, id],
  );
}

/** Every table and partition that holds rows of tenants: a new one is here by itself. */
const tablesOfTenants = async (): Promise<string[]> =>
  (
    await tenants.sql(
      `select c.table_name as name from information_schema.columns c
         join information_schema.tables t using (table_schema, table_name)
       where c.table_schema = 'gatehouse' and c.column_name = 'organisation_id' and t.table_type = 'BASE TABLE'
       union select 'organisations' order by 1`,
    )
  ).map(({ name }) => String(name));

const keyOf = (table: string) => (table === 'organisations' ? 'id' : 'organisation_id');

/** Everything of a table that is another's, as text: what must neither be seen nor change. */
const rowsOf = (table: string, organisation: string) =>
  tenants.sql(`select t::text as row from gatehouse.${table} t where ${keyOf(table)} = $1 order by 1`, [organisation]);

/** Runs in a transaction that is undone. Says what PostgreSQL refused. */
async function attempt(caller: Identity, work: (sql: Sql) => Promise<unknown>): Promise<unknown> {
  class Undo extends Error {}
  let result: unknown;
  await inTenant(tenants.app, { organisation: caller.organisation, user: caller.id }, async (sql) => {
    result = await work(sql);
    throw new Undo();
  }).catch((error: unknown) => {
    if (!(error instanceof Undo)) result = error instanceof Error ? error.message : error;
  });
  return result;
}

/** Runs one statement for good. */
const committed = (caller: Identity, statement: string): Promise<string> =>
  inTenant(tenants.app, { organisation: caller.organisation, user: caller.id }, (sql) => sql.query(statement)).then(
    () => 'done',
    (error: Error) => error.message,
  );

const sorted = (rows: unknown) => (Array.isArray(rows) ? rows.map((row) => JSON.stringify(row)).toSorted() : rows);
const isOperation = (name: string): name is keyof typeof tenantRoutes => Object.hasOwn(tenantRoutes, name);

const REFUSED = /permission denied|row-level security/;

describe('in the database, a statement without any condition', () => {
  test('every table of tenants has rows of both organisations to look at', async () => {
    const tables = await tablesOfTenants();
    expect(tables.length).toBeGreaterThan(15);
    const parents = tables.filter((name) => !name.startsWith('audit_log_'));
    for (const table of parents)
      for (const { organisation } of [acme, globex])
        expect({ table, rows: (await rowsOf(table, organisation)).length }).not.toEqual({ table, rows: 0 });
  });

  test('sees rows of its own tenant alone', async () => {
    for (const table of await tablesOfTenants()) {
      const found = await attempt(acme, async (sql) => {
        const { rows } = await sql.query(`select distinct ${keyOf(table)}::text as tenant from gatehouse.${table}`);
        return rows;
      });
      const isClosed = typeof found === 'string' && REFUSED.test(found);
      expect({ table, found: isClosed ? [{ tenant: acme.organisation }] : found }).toEqual({
        table,
        found: [{ tenant: acme.organisation }],
      });
    }
  });

  test('of a user of two organisations sees of the other one no more than that they belong to it', async () => {
    for (const table of await tablesOfTenants()) {
      const count = `select count(*)::int as count from gatehouse.${table} where ${keyOf(table)} <> $1`;
      const found = await attempt(both, async (sql) => (await sql.query(count, [both.organisation])).rows);
      const known = table === 'organisations' || table === 'members' ? 1 : 0;
      if (typeof found === 'string') expect(found).toMatch(REFUSED);
      else expect({ table, found }).toEqual({ table, found: [{ count: known }] });
    }
  });

  test('changes and deletes nothing of another tenant, whoever it speaks for', async () => {
    const organisation = idOf(await tenants.call('createOrganisation', { as: both, body: { name: 'Scratch' } }));
    const session = randomUUID();
    await tenants.sql(
      `insert into gatehouse.sessions (id, organisation_id, user_id, client_id, expires_at, ends_at)
       values ($1, $2, $3, 'gatehouse', now() + interval '1 day', now() + interval '1 day')`,
      [session, organisation, both.id],
    );
    const scratch: Identity = { kind: 'user', id: both.id, organisation, session };
    await fill(scratch);
    // The organisation last: everything ends with it.
    const tables = (await tablesOfTenants()).toSorted(
      (a, b) => Number(a === 'organisations') - Number(b === 'organisations'),
    );
    const othersOf = async () => {
      const rows = tables.map((table) =>
        tenants.sql(`select t::text as row from gatehouse.${table} t where ${keyOf(table)} <> $1`, [organisation]),
      );
      return (await Promise.all(rows))
        .flat()
        .map(({ row }) => String(row))
        .toSorted();
    };
    const before = await othersOf();
    for (const table of tables) {
      const taking = await committed(
        scratch,
        `update gatehouse.${table} set ${keyOf(table)} = '${globex.organisation}'`,
      );
      expect({ table, taking }).toEqual({ table, taking: expect.stringMatching(REFUSED) });
    }
    for (const table of tables) {
      const key = keyOf(table);
      for (const statement of [`update gatehouse.${table} set ${key} = ${key}`, `delete from gatehouse.${table}`]) {
        const outcome = await committed(scratch, statement);
        if (outcome !== 'done') expect({ table, outcome }).toEqual({ table, outcome: expect.stringMatching(REFUSED) });
      }
    }
    expect(await othersOf()).toEqual(before);
    for (const table of ['workspaces', 'grants', 'members', 'organisations'])
      expect(await rowsOf(table, organisation)).toEqual([]);
  });

  test('puts nothing into another tenant', async () => {
    const outcomes = await Promise.all([
      attempt(acme, (sql) =>
        sql.query("insert into gatehouse.workspaces (organisation_id, name) values ($1, 'x')", [globex.organisation]),
      ),
      attempt(acme, (sql) =>
        sql.query("insert into gatehouse.members (organisation_id, user_id, roles) values ($1, $2, '{admin}')", [
          globex.organisation,
          acme.id,
        ]),
      ),
      attempt(acme, (sql) => sql.query("select gatehouse.audit_append($1, '{}')", [globex.organisation])),
      attempt(acme, (sql) => sql.query("insert into gatehouse.organisations (name) values ('x')")),
    ]);
    for (const outcome of outcomes) expect(outcome).toMatch(/row-level security|audit of another organisation/);
  });

  test('sees the users of its own tenant alone, and no password of anybody', async () => {
    const seen = await attempt(acme, async (sql) => (await sql.query('select id from gatehouse.users')).rows);
    const own = await tenants.sql('select user_id as id from gatehouse.members where organisation_id = $1', [
      acme.organisation,
    ]);
    expect(sorted(seen)).toEqual(sorted(own));
    expect(await attempt(acme, (sql) => sql.query('select password_hash from gatehouse.users'))).toMatch(REFUSED);
  });

  test('outside of any tenant sees nothing', async () => {
    for (const table of await tablesOfTenants()) {
      const found = await tenants.database.app.query(`select from gatehouse.${table}`).then(
        ({ rowCount }) => rowCount,
        (error: Error) => error.message,
      );
      if (typeof found === 'string') expect(found).toMatch(REFUSED);
      else expect({ table, found }).toEqual({ table, found: 0 });
    }
  });
});

describe('over the routes', () => {
  test('lists hold nothing of another organisation', async () => {
    const [theirs] = await tenants.sql(
      'select array_agg(id::text) as ids from gatehouse.workspaces where organisation_id = $1',
      [globex.organisation],
    );
    for (const operation of ['listWorkspaces', 'listMembers', 'listInvitations', 'listRoles', 'listGrants'] as const) {
      const { status, text } = await tenants.call(operation, { as: acme });
      expect(status).toBe(200);
      for (const id of [globex.id, globex.organisation, ...[theirs?.ids].flat().map(String)])
        expect(text).not.toContain(id);
    }
  });

  const BODIES: Readonly<Record<string, object>> = {
    updateOrganisation: { name: 'x' },
    updateWorkspace: { name: 'x' },
    putWorkspaceMember: { roles: ['viewer'] },
    updateMember: { roles: ['viewer'] },
    updateGrant: { effect: 'deny' },
    updateRole: { description: 'x' },
  };

  test('a thing of another organisation is, by every route, like one that is not there, and stays as it is', async () => {
    const idIn = async (table: string, column = 'id') => {
      const [row] = await tenants.sql(
        `select ${column}::text as id from gatehouse.${table} where organisation_id = $1`,
        [globex.organisation],
      );
      return String(row?.id);
    };
    const workspace = await idIn('workspaces');
    const found: Readonly<Record<string, Record<string, string>>> = {
      '/v1/organisations/{id}': { id: globex.organisation },
      '/v1/workspaces/{id}': { id: workspace },
      '/v1/workspaces/{id}/members': { id: workspace },
      '/v1/workspaces/{id}/members/{user}': { id: workspace, user: globex.id },
      '/v1/members/{id}': { id: globex.id },
      '/v1/invitations/{id}': { id: await idIn('invitations') },
      '/v1/grants/{id}': { id: await idIn('grants') },
      '/v1/roles/{name}': { name: await idIn('roles', 'name') },
    };
    const names = Object.keys(tenantRoutes).filter(isOperation);
    const withId = names.filter((name) => tenantRoutes[name].path.includes('{'));
    expect(withId.length).toBeGreaterThan(17);
    const before = await tenants.sql('select count(*) from gatehouse.audit_log where organisation_id = $1', [
      globex.organisation,
    ]);
    for (const operation of withId) {
      const body = BODIES[operation];
      const params = found[tenantRoutes[operation].path] ?? {};
      const answer = await tenants.call(operation, { as: acme, params, ...(body && { body }) });
      expect({ operation, status: answer.status, code: answer.body.code, detail: answer.body.detail }).toEqual({
        operation,
        status: 404,
        code: 'not_found',
        detail: undefined,
      });
    }
    expect(
      await tenants.sql('select count(*) from gatehouse.audit_log where organisation_id = $1', [globex.organisation]),
    ).toEqual(before);
  });
});
