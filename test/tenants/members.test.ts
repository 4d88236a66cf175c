import { randomUUID } from 'node:crypto';
import type { Identity } from '../../lambdas/shared/access/principal';
import { captureOutput } from '../support/output';
import { userOf } from '../support/tenants';
import { fresh, idOf, start, statuses, type Tenants } from './support';

captureOutput();

let tenants: Tenants;
let admin: Identity;
beforeAll(async () => {
  tenants = await start();
  admin = await tenants.signedIn('admin');
}, 30_000);
afterAll(() => tenants.stop());

const demote = (as: Identity, id: string) =>
  tenants.call('updateMember', { as, params: { id }, body: { roles: ['viewer'] } });
const remove = (as: Identity, id: string) => tenants.call('removeMember', { as, params: { id } });
const adminsOf = (organisation: string) =>
  tenants.sql(
    `select user_id from gatehouse.members
     where organisation_id = $1 and removed_at is null and 'admin' = any(roles)`,
    [organisation],
  );

describe('members', () => {
  test('are listed with filters by address and role', async () => {
    const email = `${fresh('ada')}@acme.example`;
    const ada = await tenants.member(['viewer', 'api_user'], { email });
    const byEmail = await tenants.call('listMembers', { as: admin, query: { email: email.toUpperCase() } });
    expect(byEmail.body.items).toMatchObject([{ id: ada.id, email, roles: ['viewer', 'api_user'], external: false }]);
    const byRole = await tenants.call('listMembers', { as: admin, query: { role: 'api_user' } });
    expect(byRole.body.items?.map(({ id }) => id)).toEqual([userOf('api_user').id, ada.id]);
  });

  test('who was removed is refused on the next request with everything they had, kept rights or not', async () => {
    const ada = await tenants.member(['editor']);
    const key = await tenants.key(ada, ['workspaces:read']);
    const params = { id: ada.id };
    for (const as of [ada, key]) expect(await tenants.call('listWorkspaces', { as })).toMatchObject({ status: 200 });
    expect(await remove(admin, ada.id)).toMatchObject({ status: 204 });
    for (const as of [ada, key]) expect(await tenants.call('listWorkspaces', { as })).toMatchObject({ status: 401 });
    expect(await tenants.call('getMember', { as: admin, params })).toMatchObject({ status: 404 });
    expect(
      await tenants.sql('select ended_at is not null as ended, ended_why from gatehouse.sessions where id = $1', [
        ada.session,
      ]),
    ).toEqual([{ ended: true, ended_why: 'member removed' }]);
  });

  test('who was removed and is brought back has what is given now, and nothing of what they had', async () => {
    const ada = await tenants.member(['editor']);
    const workspace = idOf(await tenants.call('createWorkspace', { as: admin, body: { name: fresh('w') } }));
    const place = { id: workspace, user: ada.id };
    await tenants.call('putWorkspaceMember', { as: admin, params: place, body: { roles: ['admin'] } });
    const grant = { subject: `user:${ada.id}`, resource: 'webhook:we_1', role: 'editor' };
    await tenants.call('createGrant', { as: admin, body: { ...grant, effect: 'allow' } });
    await tenants.call('createGrant', { as: admin, body: { ...grant, role: 'admin', effect: 'deny' } });
    await remove(admin, ada.id);
    const headers = { 'idempotency-key': randomUUID() };
    const add = { as: admin, body: { id: ada.id, roles: ['viewer'] }, headers };
    const back = await tenants.call('addMember', add);
    expect(back).toMatchObject({ status: 201, body: { id: ada.id, roles: ['viewer'] } });
    expect((await tenants.call('addMember', add)).text).toBe(back.text);
    expect(await tenants.call('addMember', { as: admin, body: add.body })).toMatchObject({ status: 409 });
    expect(await tenants.call('listWorkspaces', { as: ada })).toMatchObject({ status: 401 });
    expect(await tenants.sql('select from gatehouse.workspace_members where user_id = $1', [ada.id])).toEqual([]);
    expect(await tenants.sql('select effect from gatehouse.grants where subject = $1', [`user:${ada.id}`])).toEqual([
      { effect: 'deny' },
    ]);
  });

  test('who was never here cannot be brought in without an invitation, nor seen', async () => {
    const stranger = userOf('viewer', 'globex.example').id;
    for (const id of [stranger, randomUUID()]) {
      expect(await tenants.call('addMember', { as: admin, body: { id, roles: ['viewer'] } })).toMatchObject({
        status: 404,
      });
      expect(await tenants.call('getMember', { as: admin, params: { id } })).toMatchObject({ status: 404 });
      expect(await demote(admin, id)).toMatchObject({ status: 404 });
      expect(await remove(admin, id)).toMatchObject({ status: 404 });
    }
  });

  test('the invitations that a removed member sent, and those of their keys, end with them', async () => {
    const boss = await tenants.member(['admin']);
    const key = await tenants.key(boss, ['members:write', 'graph:query']);
    const custom = fresh('narrow');
    await tenants.call('createRole', { as: admin, body: { name: custom, permissions: ['graph:query'] } });
    const invite = (as: Identity, roles: string[]) =>
      tenants.call('createInvitation', { as, body: { email: `${randomUUID()}@x.example`, roles } });
    const sent = [idOf(await invite(boss, ['admin'])), idOf(await invite(key, [custom]))];
    await remove(admin, boss.id);
    for (const id of sent)
      expect(await tenants.call('getInvitation', { as: admin, params: { id } })).toMatchObject({ status: 404 });
  });

  test('a change of roles counts on the next request, for the keys of the member too', async () => {
    const ada = await tenants.member(['editor']);
    const key = await tenants.key(ada, ['workspaces:write']);
    const make = (as: Identity) => tenants.call('createWorkspace', { as, body: { name: fresh('w') } });
    for (const as of [ada, key]) expect(await make(as)).toMatchObject({ status: 201 });
    expect(await demote(admin, ada.id)).toMatchObject({ status: 200, body: { roles: ['viewer'], version: 2 } });
    for (const as of [ada, key]) expect(await make(as)).toMatchObject({ status: 403 });
    await tenants.call('updateMember', { as: admin, params: { id: ada.id }, body: { roles: ['editor'] } });
    for (const as of [ada, key]) expect(await make(as)).toMatchObject({ status: 201 });
  });

  test('get no role that is not there, nor one that holds more than the giver does', async () => {
    const ada = await tenants.member(['viewer']);
    const params = { id: ada.id };
    const missing = await tenants.call('updateMember', { as: admin, params, body: { roles: ['viewer', 'ghost'] } });
    expect(missing).toMatchObject({
      status: 400,
      body: { detail: 'body: roles names no role of this organisation: ghost' },
    });
    const role = fresh('people');
    await tenants.call('createRole', {
      as: admin,
      body: { name: role, permissions: ['members:write', 'members:read', 'graph:query'] },
    });
    const people = await tenants.member([role]);
    const more = await tenants.call('updateMember', { as: people, params, body: { roles: ['viewer', 'editor'] } });
    expect(more.status).toBe(403);
    expect(more.body.detail).toMatch(/^the role editor holds what you do not: account:read, /);
    expect(await tenants.call('updateMember', { as: people, params, body: { roles: ['viewer', role] } })).toMatchObject(
      {
        status: 200,
      },
    );
  });

  test('of an external issuer keep the roles that it says; once removed they stay so', async () => {
    const external = {
      issuer: 'https://issuer.example',
      subject: 'sub',
      roles: ['viewer'],
      issuedAtSeconds: 1_800_000_000,
    };
    const eve: Identity = { kind: 'user', id: randomUUID(), organisation: admin.organisation, external };
    expect(await tenants.call('listWorkspaces', { as: eve })).toMatchObject({ status: 200 });
    expect(await demote(admin, eve.id)).toMatchObject({
      status: 409,
      body: { detail: "this member's roles are said by their issuer: change them there" },
    });
    expect(await remove(admin, eve.id)).toMatchObject({ status: 204 });
    const later = { ...eve, external: { ...external, roles: ['editor'], issuedAtSeconds: 1_900_000_000 } };
    expect(await tenants.call('listWorkspaces', { as: later })).toMatchObject({ status: 401 });
    await tenants.call('addMember', { as: admin, body: { id: eve.id, roles: ['viewer'] } });
    expect(await tenants.call('createWorkspace', { as: later, body: { name: fresh('w') } })).toMatchObject({
      status: 201,
    });
  });

  test('of many changes of one version at once one wins, the others get 412', async () => {
    const ada = await tenants.member(['viewer']);
    const answers = await Promise.all(
      ['editor', 'api_user', 'viewer', 'admin'].map((role) =>
        tenants.call('updateMember', {
          as: admin,
          params: { id: ada.id },
          body: { roles: [role] },
          headers: { 'if-match': '"1"' },
        }),
      ),
    );
    expect(statuses(answers)).toEqual([200, 412, 412, 412]);
    await remove(admin, ada.id);
  });
});

/** Both let in by the check of access, both waiting for the same rows: then the first of them goes on. */
async function atOnce<T>(ask: () => Promise<T>[]): Promise<T[]> {
  const holder = await tenants.database.master.connect();
  try {
    await holder.query('begin');
    await holder.query('select from gatehouse.members where organisation_id = $1 for update', [admin.organisation]);
    const asked = ask();
    const WAITING = "select from pg_stat_activity where wait_event_type = 'Lock'";
    while ((await tenants.sql(WAITING)).length !== asked.length);
    await holder.query('commit');
    return await Promise.all(asked);
  } finally {
    holder.release();
  }
}

describe('the last admin', () => {
  test('can neither be demoted nor removed, nor leave', async () => {
    expect(await adminsOf(admin.organisation)).toEqual([{ user_id: admin.id }]);
    const refused = {
      status: 409,
      body: { detail: 'this is the last admin of the organisation: make another one first' },
    };
    expect(await demote(admin, admin.id)).toMatchObject(refused);
    expect(await remove(admin, admin.id)).toMatchObject(refused);
    expect(await tenants.call('leaveOrganisation', { as: admin })).toMatchObject(refused);
  });

  test('is the last one although others are admin of a workspace, removed, or disabled', async () => {
    const workspace = idOf(await tenants.call('createWorkspace', { as: admin, body: { name: fresh('w') } }));
    const local = await tenants.member(['viewer']);
    const place = { id: workspace, user: local.id };
    await tenants.call('putWorkspaceMember', { as: admin, params: place, body: { roles: ['admin'] } });
    const gone = await tenants.member(['admin']);
    await remove(admin, gone.id);
    const disabled = await tenants.member(['admin']);
    await tenants.sql("update gatehouse.users set status = 'disabled' where id = $1", [disabled.id]);
    expect(await demote(admin, admin.id)).toMatchObject({ status: 409 });
    expect(await remove(admin, disabled.id)).toMatchObject({ status: 204 });
    await tenants.call('deleteWorkspace', { as: admin, params: { id: workspace } });
    expect(await demote(admin, admin.id)).toMatchObject({ status: 409 });
  });

  test('stays when two admins demote each other at once, in any of many rounds: one succeeds', async () => {
    for (let round = 0; round < 25; round += 1) {
      const other = await tenants.member(['admin']);
      // Rights are kept by now: reading them would wait for the rows too.
      await tenants.call('listMembers', { as: other });
      await tenants.call('listMembers', { as: admin });
      const answers = await atOnce(() => [demote(admin, other.id), demote(other, admin.id)]);
      expect(statuses(answers)).toEqual([200, 409]);
      const [left] = await adminsOf(admin.organisation);
      expect(await adminsOf(admin.organisation)).toHaveLength(1);
      if (left?.user_id === admin.id) continue;
      await tenants.call('updateMember', { as: other, params: { id: admin.id }, body: { roles: ['admin'] } });
      await demote(admin, other.id);
    }
  }, 60_000);

  test('stays when all admins leave, are removed and demoted at once', async () => {
    for (let round = 0; round < 8; round += 1) {
      const others = await Promise.all(Array.from({ length: 3 }, () => tenants.member(['admin'])));
      const [a, b, c] = others.map(({ id }) => id);
      const answers = await Promise.all([
        remove(admin, a ?? ''),
        demote(admin, b ?? ''),
        tenants.call('leaveOrganisation', { as: others[2] ?? admin }),
        remove(others[0] ?? admin, b ?? ''),
        remove(others[1] ?? admin, c ?? ''),
        demote(others[2] ?? admin, admin.id),
      ]);
      for (const { status } of answers) expect([200, 204, 401, 403, 404, 409]).toContain(status);
      const left = await adminsOf(admin.organisation);
      expect(left.length).toBeGreaterThanOrEqual(1);
      await tenants.sql(
        `update gatehouse.members set removed_at = case when user_id = $2 then null else now() end,
           roles = case when user_id = $2 then '{admin}' else roles end
         where organisation_id = $1 and (user_id = $2 or 'admin' = any(roles))`,
        [admin.organisation, admin.id],
      );
      await tenants.cache.begin({ organisation: admin.organisation }).then((settle) => settle());
    }
  }, 60_000);
});
