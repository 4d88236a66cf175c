import { randomUUID } from 'node:crypto';
import { ROLE_NAMES, ROLES } from '../../lambdas/shared/access/permissions';
import type { Identity } from '../../lambdas/shared/access/principal';
import { captureOutput } from '../support/output';
import { fresh, idOf, start, statuses, type Tenants } from './support';

captureOutput();

let tenants: Tenants;
let admin: Identity;
beforeAll(async () => {
  tenants = await start();
  admin = await tenants.signedIn('admin');
}, 30_000);
afterAll(() => tenants.stop());

const make = (name: string, permissions: readonly string[], as = admin) =>
  tenants.call('createRole', { as, body: { name, permissions } });
const change = (name: string, body: object, as = admin) => tenants.call('updateRole', { as, params: { name }, body });
const drop = (name: string) => tenants.call('deleteRole', { as: admin, params: { name } });

describe('roles of the house', () => {
  test('are listed first, as the table has them, and stay as they are', async () => {
    const own = fresh('own');
    await make(own, ['audit:read']);
    const { body } = await tenants.call('listRoles', { as: admin });
    expect(body.items?.slice(0, ROLE_NAMES.length)).toMatchObject(
      ROLE_NAMES.map((name) => ({ name, custom: false, permissions: ROLES[name] })),
    );
    expect(body.items).toContainEqual(
      expect.objectContaining({ name: own, custom: true, permissions: ['audit:read'] }),
    );
    for (const name of ROLE_NAMES) {
      expect(await make(name, [])).toMatchObject({ status: 409 });
      expect(await change(name, { permissions: [] })).toMatchObject({ status: 409 });
      expect(await drop(name)).toMatchObject({
        status: 409,
        body: { detail: 'the roles of the house stay as they are' },
      });
      expect(await tenants.call('getRole', { as: admin, params: { name } })).toMatchObject({
        status: 200,
        body: { name },
      });
    }
  });

  test('pages go through all roles once, whatever is made or deleted meanwhile', async () => {
    const globex = await tenants.signedIn('admin', 'globex.example');
    for (const name of ['b', 'd', 'a', 'c']) await make(name, [], globex);
    const names: unknown[] = [];
    let cursor: string | undefined;
    do {
      const { body } = await tenants.call('listRoles', {
        as: globex,
        query: { limit: '3', ...(cursor && { cursor }) },
      });
      names.push(...(body.items ?? []).map(({ name }) => name));
      cursor = body.next;
      if (names.length === 6) await tenants.call('deleteRole', { as: globex, params: { name: 'a' } });
    } while (cursor !== undefined);
    expect(names).toEqual([...ROLE_NAMES, 'a', 'b', 'c', 'd']);
  });
});

describe('roles of the organisation', () => {
  test('are made once for a name, at once too, and once for an Idempotency-Key', async () => {
    const name = fresh('role');
    const answers = await Promise.all(Array.from({ length: 4 }, () => make(name, ['audit:read'])));
    expect(statuses(answers)).toEqual([201, 409, 409, 409]);
    expect(answers.find(({ status }) => status === 201)?.headers).toMatchObject({
      location: `/v1/roles/${name}`,
      etag: '"1"',
    });
    const body = { name: fresh('role'), permissions: ['audit:read'] };
    const headers = { 'idempotency-key': randomUUID() };
    const same = await Promise.all(
      Array.from({ length: 4 }, () => tenants.call('createRole', { as: admin, body, headers })),
    );
    expect(new Set(same.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  });

  test('hold known permissions only, each once, in the order of the table', async () => {
    expect(await make(fresh('role'), ['audit:read', 'everything'])).toMatchObject({ status: 400 });
    expect(await make(fresh('role'), ['audit:read', 'graph:query', 'audit:read'])).toMatchObject({
      status: 201,
      body: { permissions: ['graph:query', 'audit:read'] },
    });
    expect(await make('Über', [])).toMatchObject({ status: 400 });
  });

  test('hold no more than whoever makes or widens them', async () => {
    const maker = fresh('maker');
    await make(maker, ['roles:read', 'roles:write', 'graph:query']);
    const ada = await tenants.member([maker]);
    const key = await tenants.key(admin, ['roles:write', 'graph:query']);
    for (const as of [ada, key]) {
      expect(await make(fresh('role'), ['graph:query', 'audit:read'], as)).toMatchObject({
        status: 403,
        body: { detail: 'this role holds what you do not: audit:read' },
      });
      const name = fresh('role');
      expect(await make(name, ['graph:query'], as)).toMatchObject({ status: 201 });
      expect(await change(name, { permissions: ['graph:query', 'audit:read'] }, as)).toMatchObject({ status: 403 });
      await change(name, { permissions: ['graph:query', 'audit:read'] });
      // What others gave it may stay: the caller adds nothing.
      expect(await change(name, { description: 'Reads' }, as)).toMatchObject({ status: 200, body: { version: 3 } });
    }
    expect(await change(maker, { permissions: ['roles:write', 'members:write'] }, ada)).toMatchObject({ status: 403 });
  });

  test('changed, count on the next request for everybody who has them, kept rights or not', async () => {
    const name = fresh('role');
    await make(name, ['workspaces:read', 'audit:read']);
    const ada = await tenants.member([name]);
    const key = await tenants.key(ada, ['workspaces:read']);
    for (const as of [ada, key]) expect(await tenants.call('listWorkspaces', { as })).toMatchObject({ status: 200 });
    await change(name, { permissions: ['audit:read'] });
    for (const as of [ada, key]) expect(await tenants.call('listWorkspaces', { as })).toMatchObject({ status: 403 });
    await change(name, { permissions: ['workspaces:read'] });
    for (const as of [ada, key]) expect(await tenants.call('listWorkspaces', { as })).toMatchObject({ status: 200 });
  });

  test('in use cannot be deleted; the refusal says where', async () => {
    const name = fresh('role');
    await make(name, ['graph:query']);
    const ada = await tenants.member([name]);
    const params = { id: ada.id };
    const workspace = idOf(await tenants.call('createWorkspace', { as: admin, body: { name } }));
    const roles = { roles: [name] };
    await tenants.call('putWorkspaceMember', { as: admin, params: { id: workspace, user: admin.id }, body: roles });
    await tenants.call('createInvitation', { as: admin, body: { email: `${name}@x.example`, ...roles } });
    const grant = { subject: `user:${ada.id}`, resource: 'webhook:we_1', role: name, effect: 'deny' };
    const granted = idOf(await tenants.call('createGrant', { as: admin, body: grant }));
    expect(await drop(name)).toMatchObject({
      status: 409,
      body: { detail: 'this role is in use: 1 members, 1 workspace members, 1 grants, 1 open invitations' },
    });
    await tenants.call('updateMember', { as: admin, params, body: { roles: ['viewer'] } });
    await tenants.call('deleteWorkspace', { as: admin, params: { id: workspace } });
    await tenants.call('deleteGrant', { as: admin, params: { id: granted } });
    await tenants.sql('update gatehouse.invitations set expires_at = now() where $1 = any(roles)', [name]);
    expect(await drop(name)).toMatchObject({ status: 204 });
  });

  test('given and deleted at once, either stay or are given to nobody', async () => {
    for (let round = 0; round < 20; round += 1) {
      const name = fresh('role');
      await make(name, ['graph:query']);
      const ada = await tenants.member(['viewer']);
      const give = tenants.call('updateMember', { as: admin, params: { id: ada.id }, body: { roles: [name] } });
      const [given, dropped] = await Promise.all([give, drop(name)]);
      expect([`${given.status} ${dropped.status}`]).toContainEqual(expect.stringMatching(/^(200 409|400 204)$/));
    }
  });

  test('of another organisation are not there', async () => {
    const name = fresh('role');
    await make(name, ['graph:query']);
    const globex = await tenants.signedIn('admin', 'globex.example');
    const params = { name };
    expect(await tenants.call('getRole', { as: globex, params })).toMatchObject({ status: 404 });
    expect(await tenants.call('deleteRole', { as: globex, params })).toMatchObject({ status: 404 });
    expect(await make(name, ['audit:read'], globex)).toMatchObject({ status: 201 });
  });

  test('are 100 at most', async () => {
    const member = await tenants.member(['admin']);
    const id = idOf(await tenants.call('createOrganisation', { as: member, body: { name: 'Many' } }));
    await tenants.sql(
      `insert into gatehouse.roles (organisation_id, name, permissions) select $1, 'role' || n, '{}' from generate_series(1, 100) n`,
      [id],
    );
    const session = randomUUID();
    await tenants.sql(
      `insert into gatehouse.sessions (id, organisation_id, user_id, client_id, expires_at, ends_at)
       values ($1, $2, $3, 'gatehouse', now() + interval '1 day', now() + interval '1 day')`,
      [session, id, member.id],
    );
    expect(await make(fresh('role'), [], { ...member, organisation: id, session })).toMatchObject({
      status: 409,
      body: { detail: 'an organisation may have 100 roles of its own' },
    });
  });
});
