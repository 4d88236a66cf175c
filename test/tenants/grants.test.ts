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

const subjectOf = ({ kind, id }: Identity) => `${kind}:${id}`;
const workspace = async () => idOf(await tenants.call('createWorkspace', { as: admin, body: { name: fresh('w') } }));
const grant = (who: Identity, resource: string, rest: { role: string; effect: string }, as = admin) =>
  tenants.call('createGrant', { as, body: { subject: subjectOf(who), resource, ...rest } });
const rename = (as: Identity, id: string) =>
  tenants.call('updateWorkspace', { as, params: { id }, body: { name: fresh('w') } });
const ALLOW = { role: 'editor', effect: 'allow' };
const DENY = { role: 'editor', effect: 'deny' };

describe('a grant', () => {
  test('allows on one thing, and taken back it allows no more, on the next request', async () => {
    const [mine, other] = [await workspace(), await workspace()];
    const ada = await tenants.member(['viewer']);
    const client = await tenants.client(admin.organisation, []);
    for (const who of [ada, client]) {
      expect(await rename(who, mine)).toMatchObject({ status: 403 });
      const params = { id: idOf(await grant(who, `workspace:${mine}`, ALLOW)) };
      expect(await rename(who, mine)).toMatchObject({ status: 200 });
      expect(await rename(who, other)).toMatchObject({ status: 403 });
      expect(await tenants.call('deleteGrant', { as: admin, params })).toMatchObject({ status: 204 });
      expect(await rename(who, mine)).toMatchObject({ status: 403 });
    }
  });

  test('that denies counts on the next request although rights were kept, and is stronger than every allow', async () => {
    const id = await workspace();
    const ada = await tenants.member(['editor']);
    const key = await tenants.key(admin, ['workspaces:write']);
    for (const who of [ada, key]) {
      await grant(who, `workspace:${id}`, ALLOW);
      expect(await rename(who, id)).toMatchObject({ status: 200 });
      const denied = idOf(await grant(who, `workspace:${id}`, { role: 'admin', effect: 'deny' }));
      expect(await rename(who, id)).toMatchObject({ status: 403 });
      const changed = await tenants.call('updateGrant', {
        as: admin,
        params: { id: denied },
        body: { effect: 'allow' },
        headers: { 'if-match': '"1"' },
      });
      expect(changed).toMatchObject({ status: 200, body: { effect: 'allow', role: 'admin', version: 2 } });
      expect(await rename(who, id)).toMatchObject({ status: 200 });
    }
  });

  test('that denies a user denies the keys they own: a key is no way around', async () => {
    const id = await workspace();
    const ada = await tenants.member(['editor']);
    const key = await tenants.key(ada, ['workspaces:write']);
    expect(await rename(key, id)).toMatchObject({ status: 200 });
    const params = { id: idOf(await grant(ada, `workspace:${id}`, DENY)) };
    expect(await rename(key, id)).toMatchObject({ status: 403 });
    await tenants.call('deleteGrant', { as: admin, params });
    expect(await rename(key, id)).toMatchObject({ status: 200 });
    // What is granted to the owner is not the key's.
    const viewer = await tenants.member(['viewer']);
    const narrow = await tenants.key(viewer, ['workspaces:write']);
    await grant(viewer, `workspace:${id}`, ALLOW);
    expect(await rename(viewer, id)).toMatchObject({ status: 200 });
    expect(await rename(narrow, id)).toMatchObject({ status: 403 });
  });

  test('names somebody of the organisation, a role of it, and no more than the giver holds on that thing', async () => {
    const id = await workspace();
    const resource = `workspace:${id}`;
    const removed = await tenants.member(['viewer']);
    await tenants.call('removeMember', { as: admin, params: { id: removed.id } });
    const strangers: Identity[] = [
      { ...admin, id: userOf('viewer', 'globex.example').id },
      { ...admin, id: randomUUID() },
      removed,
      { kind: 'api_key', id: 'a'.repeat(16), organisation: admin.organisation },
      { kind: 'client', id: randomUUID(), organisation: admin.organisation },
    ];
    for (const who of strangers)
      expect(await grant(who, resource, ALLOW)).toMatchObject({
        status: 400,
        body: { detail: 'body: subject names nobody of this organisation' },
      });
    expect(await grant(admin, resource, { role: 'ghost', effect: 'allow' })).toMatchObject({ status: 400 });
    const giver = fresh('giver');
    await tenants.call('createRole', {
      as: admin,
      body: { name: giver, permissions: ['grants:write', 'grants:read'] },
    });
    const ada = await tenants.member([giver]);
    expect(await grant(admin, resource, ALLOW, ada)).toMatchObject({ status: 403 });
    expect(await grant(admin, resource, DENY, ada)).toMatchObject({ status: 403 });
    expect(await grant(admin, resource, { role: giver, effect: 'allow' }, ada)).toMatchObject({ status: 201 });
  });

  test('that was given on a thing can be passed on for that thing, and for no other', async () => {
    const [mine, other] = [await workspace(), await workspace()];
    const giver = fresh('giver');
    await tenants.call('createRole', { as: admin, body: { name: giver, permissions: ['grants:write'] } });
    const ada = await tenants.member([giver]);
    const bob = await tenants.member(['viewer']);
    await grant(ada, `workspace:${mine}`, ALLOW);
    expect(await grant(bob, `workspace:${mine}`, ALLOW, ada)).toMatchObject({ status: 201 });
    expect(await grant(bob, `workspace:${other}`, ALLOW, ada)).toMatchObject({ status: 403 });
  });

  test('that denies is not lifted by whom it denies', async () => {
    const id = await workspace();
    const ada = await tenants.member(['admin']);
    const params = { id: idOf(await grant(ada, `workspace:${id}`, DENY)) };
    expect(await tenants.call('deleteGrant', { as: ada, params })).toMatchObject({ status: 403 });
    for (const body of [{ effect: 'allow' }, { role: 'viewer' }])
      expect(await tenants.call('updateGrant', { as: ada, params, body })).toMatchObject({ status: 403 });
    const key = await tenants.key(ada, ['grants:write', 'workspaces:write']);
    expect(await tenants.call('deleteGrant', { as: key, params })).toMatchObject({ status: 403 });
    expect(await tenants.call('deleteGrant', { as: admin, params })).toMatchObject({ status: 204 });
    await tenants.call('removeMember', { as: admin, params: { id: ada.id } });
  });

  test('is there once: the same again is a conflict, and one Idempotency-Key makes one', async () => {
    const ada = await tenants.member(['viewer']);
    const resource = `webhook:${fresh('we')}`;
    const many = await Promise.all(Array.from({ length: 4 }, () => grant(ada, resource, ALLOW)));
    expect(statuses(many)).toEqual([201, 409, 409, 409]);
    const second = idOf(await grant(ada, resource, { role: 'viewer', effect: 'allow' }));
    const clash = await tenants.call('updateGrant', { as: admin, params: { id: second }, body: { role: 'editor' } });
    expect(clash).toMatchObject({ status: 409 });
    const body = { subject: subjectOf(ada), resource: 'webhook:we_2', ...DENY };
    const headers = { 'idempotency-key': randomUUID() };
    const same = await Promise.all(
      Array.from({ length: 4 }, () => tenants.call('createGrant', { as: admin, body, headers })),
    );
    expect(new Set(same.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  });

  test('of many changes of one version at once one wins, the others get 412', async () => {
    const ada = await tenants.member(['viewer']);
    const params = { id: idOf(await grant(ada, 'webhook:we_1', ALLOW)) };
    const answers = await Promise.all(
      ['viewer', 'admin', 'api_user'].map((role) =>
        tenants.call('updateGrant', { as: admin, params, body: { role }, headers: { 'if-match': '"1"' } }),
      ),
    );
    expect(statuses(answers)).toEqual([200, 412, 412]);
  });

  test('is found by subject and by resource', async () => {
    const ada = await tenants.member(['viewer']);
    const resource = `webhook:${fresh('we')}`;
    const id = idOf(await grant(ada, resource, ALLOW));
    await grant(ada, 'webhook:another', ALLOW);
    const subject = subjectOf(ada);
    for (const query of [{ resource }, { subject, resource }]) {
      const { body } = await tenants.call('listGrants', { as: admin, query });
      expect(body.items?.map((item) => item.id)).toEqual([id]);
    }
    expect((await tenants.call('listGrants', { as: admin, query: { subject } })).body.items).toHaveLength(2);
  });

  test('on the grant itself keeps others from it', async () => {
    const ada = await tenants.member(['admin']);
    const id = idOf(await grant(await tenants.member(['viewer']), 'webhook:we_1', ALLOW));
    await grant(ada, `grant:${id}`, { role: 'admin', effect: 'deny' });
    expect(await tenants.call('getGrant', { as: ada, params: { id } })).toMatchObject({ status: 403 });
    await tenants.call('removeMember', { as: admin, params: { id: ada.id } });
  });

  test('is one of 200 at most of a subject', async () => {
    const ada = await tenants.member(['viewer']);
    await tenants.sql(
      `insert into gatehouse.grants (organisation_id, subject, resource, role, effect)
       select $1, $2, 'webhook:we_' || n, 'viewer', 'allow' from generate_series(1, 200) n`,
      [ada.organisation, subjectOf(ada)],
    );
    expect(await grant(ada, 'webhook:one-more', ALLOW)).toMatchObject({
      status: 409,
      body: { detail: 'a subject may have 200 grants' },
    });
  });
});
