import type { Identity } from '../../lambdas/shared/access/principal';
import { captureOutput } from '../support/output';
import { fresh, start, type Tenants } from './support';

captureOutput();

let tenants: Tenants;
let admin: Identity;
beforeAll(async () => {
  tenants = await start();
  admin = await tenants.signedIn('admin', 'globex.example');
}, 30_000);
afterAll(() => tenants.stop());

const FORBIDDEN = { status: 403, body: { code: 'forbidden', detail: expect.stringContaining('settings:') } };

describe('an administrator of a tenant gives the operator’s role to nobody', () => {
  test('as a member', async () => {
    const ada = await tenants.member(['viewer'], { domain: 'globex.example' });
    const change = { as: admin, params: { id: ada.id }, body: { roles: ['viewer', 'operator'] } };
    expect(await tenants.call('updateMember', change)).toMatchObject(FORBIDDEN);
  });

  test('by an invitation', async () => {
    const body = { email: `${fresh('ada')}@globex.example`, roles: ['admin', 'operator'] };
    expect(await tenants.call('createInvitation', { as: admin, body })).toMatchObject(FORBIDDEN);
  });

  test('in a workspace, or on one thing', async () => {
    const { body: workspace } = await tenants.call('createWorkspace', { as: admin, body: { name: fresh('w') } });
    const params = { id: String(workspace.id), user: admin.id };
    expect(
      await tenants.call('putWorkspaceMember', { as: admin, params, body: { roles: ['operator'] } }),
    ).toMatchObject(FORBIDDEN);
    const grant = { subject: `user:${admin.id}`, resource: `workspace:${workspace.id}`, role: 'operator' };
    expect(await tenants.call('createGrant', { as: admin, body: { ...grant, effect: 'allow' } })).toMatchObject(
      FORBIDDEN,
    );
  });

  test('by a role of its own', async () => {
    const body = { name: fresh('sets'), permissions: ['settings:write'] };
    expect(await tenants.call('createRole', { as: admin, body })).toMatchObject(FORBIDDEN);
  });

  test('even one whose own row says the role', async () => {
    const liar = await tenants.member(['admin', 'operator'], { domain: 'globex.example' });
    const ada = await tenants.member(['viewer'], { domain: 'globex.example' });
    const change = { as: liar, params: { id: ada.id }, body: { roles: ['viewer', 'operator'] } };
    expect(await tenants.call('updateMember', change)).toMatchObject(FORBIDDEN);
  });
});

test('the operator gives the role in its own organisation', async () => {
  const operator = await tenants.signedIn('admin');
  const ada = await tenants.member(['viewer']);
  const change = { as: operator, params: { id: ada.id }, body: { roles: ['viewer', 'operator'] } };
  expect(await tenants.call('updateMember', change)).toMatchObject({ status: 200 });
  const check = { as: ada, query: { permission: 'settings:write' } };
  expect((await tenants.call('checkPermission', check)).body).toMatchObject({ decision: 'allow', roles: ['operator'] });
});

test('the check says why the role counts for nothing in a tenant', async () => {
  const liar = await tenants.member(['admin', 'operator'], { domain: 'globex.example' });
  const check = { as: liar, query: { permission: 'settings:write' } };
  expect((await tenants.call('checkPermission', check)).body).toEqual({
    permission: 'settings:write',
    decision: 'deny',
    decidedBy: 'nothing',
    detail: 'this permission counts in the organisation of the operator alone',
  });
});
