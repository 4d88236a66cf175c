import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
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

const create = async (name = fresh('workspace')) =>
  idOf(await tenants.call('createWorkspace', { as: admin, body: { name } }));
const put = (id: string, user: string, roles: string[], headers = {}) =>
  tenants.call('putWorkspaceMember', { as: admin, params: { id, user }, body: { roles }, headers });

describe('workspaces', () => {
  test('are made, read, renamed and deleted', async () => {
    const name = fresh('workspace');
    const made = await tenants.call('createWorkspace', { as: admin, body: { name } });
    const params = { id: idOf(made) };
    expect(made).toMatchObject({ status: 201, headers: { etag: '"1"', location: `/v1/workspaces/${params.id}` } });
    const renamed = await tenants.call('updateWorkspace', {
      as: admin,
      params,
      body: { name: `${name} 2` },
      headers: { 'if-match': '"1"' },
    });
    expect(renamed).toMatchObject({ status: 200, headers: { etag: '"2"' }, body: { name: `${name} 2`, version: 2 } });
    const late = { as: admin, params, headers: { 'if-match': '"1"' } };
    expect(await tenants.call('deleteWorkspace', late)).toMatchObject({
      status: 412,
      body: { detail: 'it is at version 2' },
    });
    expect(await tenants.call('deleteWorkspace', { as: admin, params })).toMatchObject({ status: 204 });
    expect(await tenants.call('getWorkspace', { as: admin, params })).toMatchObject({ status: 404 });
  });

  test('have names of their own: the second gets 409, also of two at once and by renaming', async () => {
    const name = fresh('workspace');
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => tenants.call('createWorkspace', { as: admin, body: { name } })),
    );
    expect(statuses(answers)).toEqual([201, 409, 409, 409]);
    const other = await create();
    expect(await tenants.call('updateWorkspace', { as: admin, params: { id: other }, body: { name } })).toMatchObject({
      status: 409,
      body: { detail: 'a workspace of this name is there already' },
    });
    const globex = await tenants.signedIn('admin', 'globex.example');
    expect(await tenants.call('createWorkspace', { as: globex, body: { name } })).toMatchObject({ status: 201 });
  });

  test('one Idempotency-Key makes one; with another name it is a conflict', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const name = fresh('workspace');
    const ask = (body: object) => tenants.call('createWorkspace', { as: admin, body, headers });
    const answers = await Promise.all(Array.from({ length: 6 }, () => ask({ name })));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers[0]?.status).toBe(201);
    expect(await ask({ name: fresh('workspace') })).toMatchObject({ status: 409 });
  });

  test('an id in upper case is refused: a deny names it in lower case', async () => {
    const id = (await create()).toUpperCase();
    expect(await tenants.call('getWorkspace', { as: admin, params: { id } })).toMatchObject({ status: 400 });
  });
});

describe('members of a workspace', () => {
  test('hold its roles there in addition, and nowhere else, from the next request on', async () => {
    const [here, there] = [await create(), await create()];
    const ada = await tenants.member(['viewer']);
    const rename = (workspace: string | undefined) =>
      tenants.call('updateWorkspace', { as: { ...ada, workspace }, params: { id: here }, body: { name: fresh('w') } });
    for (const workspace of [here, there, undefined]) expect(await rename(workspace)).toMatchObject({ status: 403 });
    expect(await put(here, ada.id, ['editor'])).toMatchObject({ status: 200, body: { id: ada.id, roles: ['editor'] } });
    expect(await rename(here)).toMatchObject({ status: 200 });
    for (const workspace of [there, undefined]) expect(await rename(workspace)).toMatchObject({ status: 403 });
    const params = { id: here, user: ada.id };
    expect(await tenants.call('deleteWorkspaceMember', { as: admin, params })).toMatchObject({ status: 204 });
    expect(await rename(here)).toMatchObject({ status: 403 });
  });

  test('are members of the organisation: nobody else is found', async () => {
    const id = await create();
    const removed = await tenants.member(['viewer']);
    await tenants.call('removeMember', { as: admin, params: { id: removed.id } });
    for (const user of [userOf('viewer', 'globex.example').id, randomUUID(), removed.id])
      expect(await put(id, user, ['viewer'])).toMatchObject({ status: 404 });
    expect(await put(randomUUID(), admin.id, ['viewer'])).toMatchObject({ status: 404 });
    expect(await tenants.call('listWorkspaceMembers', { as: admin, params: { id: randomUUID() } })).toMatchObject({
      status: 404,
    });
  });

  test('are listed, replaced under If-Match, and leave versions behind', async () => {
    const id = await create();
    const ada = await tenants.member(['viewer']);
    expect(await put(id, ada.id, ['viewer'], { 'if-match': '"1"' })).toMatchObject({
      status: 412,
      body: { detail: 'it is not there yet' },
    });
    expect(await put(id, ada.id, ['viewer'])).toMatchObject({ status: 200, headers: { etag: '"1"' } });
    expect(await put(id, ada.id, ['editor'], { 'if-match': '"1"' })).toMatchObject({
      status: 200,
      body: { version: 2 },
    });
    expect(await put(id, ada.id, ['viewer'], { 'if-match': '"1"' })).toMatchObject({ status: 412 });
    const listed = await tenants.call('listWorkspaceMembers', { as: admin, params: { id } });
    expect(listed.body.items).toMatchObject([{ id: ada.id, roles: ['editor'], version: 2 }]);
  });

  test('the end of a workspace ends what was in it: keys and sessions are refused on the next request', async () => {
    const id = await create();
    const ada = await tenants.member(['viewer']);
    await put(id, ada.id, ['editor']);
    const key = await tenants.key(ada, ['workspaces:read'], id);
    const session = randomUUID();
    await tenants.sql(
      `insert into gatehouse.sessions (id, organisation_id, user_id, workspace_id, client_id, expires_at, ends_at)
       values ($1, $2, $3, $4, 'gatehouse', now() + interval '1 day', now() + interval '1 day')`,
      [session, ada.organisation, ada.id, id],
    );
    const inside = { ...ada, session, workspace: id };
    for (const as of [key, inside]) expect(await tenants.call('listWorkspaces', { as })).toMatchObject({ status: 200 });
    await tenants.call('deleteWorkspace', { as: admin, params: { id } });
    for (const as of [key, inside]) expect(await tenants.call('listWorkspaces', { as })).toMatchObject({ status: 401 });
  });
});

const author = () => ({ principal: admin, origin: { requestId: 'test', sourceIp: '192.0.2.1', userAgent: '' } });

describe('changes that meet', () => {
  test('two that wait for each other: one counts, the other is told to try again', async () => {
    const ids = [await create(), await create()];
    const arrivals = new EventEmitter();
    const both = Promise.all([once(arrivals, 'first'), once(arrivals, 'second')]);
    const touch = 'update gatehouse.workspaces set version = version + 1 where organisation_id = $1 and id = $2';
    const change = (order: readonly string[]) =>
      tenants.changes.change(author(), {}, async (tx) => {
        await tx.query(touch, [admin.organisation, order[0]]);
        arrivals.emit(order === ids ? 'first' : 'second');
        await both;
        await tx.query(touch, [admin.organisation, order[1]]);
      });
    const outcomes = await Promise.allSettled([change(ids), change(ids.toReversed())]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'not_ready', detail: 'another change was in the way', headers: { 'retry-after': '2' } },
    });
  });

  test('one that refers to what was just removed is a conflict', async () => {
    const change = tenants.changes.change(author(), {}, (tx) =>
      tx.query("insert into gatehouse.workspace_members values ($1, $2, $3, '{viewer}')", [
        admin.organisation,
        randomUUID(),
        admin.id,
      ]),
    );
    await expect(change).rejects.toMatchObject({ code: 'conflict' });
  });
});
