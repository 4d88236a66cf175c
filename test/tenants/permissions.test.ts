import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { PERMISSIONS, permits, ROLE_NAMES, ROLES } from '../../lambdas/shared/access/permissions';
import type { Identity } from '../../lambdas/shared/access/principal';
import { decide, type Facts } from '../../lambdas/tenants/decide';
import { permissions } from '../../lambdas/tenants/permissions';
import { captureOutput } from '../support/output';
import { fresh, idOf, start, type Tenants } from './support';

captureOutput();

let tenants: Tenants;
let admin: Identity;
beforeAll(async () => {
  tenants = await start();
  admin = await tenants.signedIn('admin');
}, 30_000);
afterAll(() => tenants.stop());

const check = (as: Identity, permission: string, resource?: string) =>
  tenants.call('checkPermission', { as, query: { permission, ...(resource && { resource }) } });
const grant = async (who: Identity, resource: string, role: string, effect: string) =>
  idOf(
    await tenants.call('createGrant', {
      as: admin,
      body: { subject: `${who.kind}:${who.id}`, resource, role, effect },
    }),
  );

describe('the check says what decided', () => {
  test('for a user: the roles that hold it, of the workspace too, or that none does', async () => {
    const ada = await tenants.member(['viewer', 'editor', 'api_user']);
    expect((await check(ada, 'workspaces:write')).body).toEqual({
      permission: 'workspaces:write',
      decision: 'allow',
      decidedBy: 'role',
      roles: ['editor'],
      detail: 'the role editor holds workspaces:write',
    });
    expect((await check(ada, 'graph:query')).body).toMatchObject({
      roles: ['viewer', 'editor', 'api_user'],
      detail: 'the roles viewer, editor, api_user hold graph:query',
    });
    expect((await check(ada, 'audit:read')).body).toEqual({
      permission: 'audit:read',
      decision: 'deny',
      decidedBy: 'nothing',
      detail: 'no role of yours holds audit:read',
    });
    const workspace = idOf(await tenants.call('createWorkspace', { as: admin, body: { name: fresh('w') } }));
    const place = { id: workspace, user: ada.id };
    await tenants.call('putWorkspaceMember', { as: admin, params: place, body: { roles: ['admin'] } });
    expect((await check({ ...ada, workspace }, 'audit:read')).body).toMatchObject({
      decision: 'allow',
      roles: ['admin'],
    });
  });

  test('a grant that allows, and one that denies, which is the stronger', async () => {
    const ada = await tenants.member(['viewer']);
    const allow = await grant(ada, 'key:k1', 'editor', 'allow');
    expect((await check(ada, 'keys:read', 'key:k1')).body).toEqual({
      permission: 'keys:read',
      resource: 'key:k1',
      decision: 'allow',
      decidedBy: 'grant',
      grant: { id: allow, subject: `user:${ada.id}`, resource: 'key:k1', role: 'editor', effect: 'allow' },
      detail: `allowed to user:${ada.id} on key:k1 by a grant of editor, which holds keys:read`,
    });
    expect((await check(ada, 'keys:read', 'key:k2')).body).toMatchObject({ decision: 'deny', decidedBy: 'nothing' });
    expect((await check(ada, 'keys:read')).body).toMatchObject({ decision: 'deny', decidedBy: 'nothing' });
    const deny = await grant(ada, 'key:k1', 'admin', 'deny');
    expect((await check(ada, 'keys:read', 'key:k1')).body).toMatchObject({
      decision: 'deny',
      decidedBy: 'grant',
      grant: { id: deny, effect: 'deny' },
    });
  });

  test('for a key: its scopes, its owner, and what its owner is denied', async () => {
    const ada = await tenants.member(['editor']);
    const key = await tenants.key(ada, ['account:read', 'keys:read', 'audit:read']);
    expect((await check(key, 'keys:read')).body).toMatchObject({
      decision: 'allow',
      decidedBy: 'role',
      roles: ['editor'],
      detail: 'a scope of this key, and of its owner the role editor holds keys:read',
    });
    expect((await check(key, 'keys:write')).body).toMatchObject({ decision: 'deny', decidedBy: 'scope' });
    expect((await check(key, 'audit:read')).body).toMatchObject({ decision: 'deny', decidedBy: 'owner' });
    await grant(ada, 'key:k1', 'editor', 'deny');
    expect((await check(key, 'keys:read', 'key:k1')).body).toMatchObject({
      decision: 'deny',
      decidedBy: 'grant',
      grant: { subject: `user:${ada.id}` },
    });
  });

  test('for a client: its scopes', async () => {
    const client = await tenants.client(admin.organisation, ['account:read']);
    expect((await check(client, 'account:read')).body).toMatchObject({
      decision: 'allow',
      decidedBy: 'scope',
      detail: 'the scopes of this client name account:read',
    });
    expect((await check(client, 'audit:read')).body).toMatchObject({ decision: 'deny', decidedBy: 'scope' });
  });

  test.each([
    ['an unknown permission', { permission: 'everything' }],
    ['none', {}],
    ['a thing without a type', { permission: 'audit:read', resource: 'k1' }],
  ])('%s is refused with 400', async (_, query) => {
    expect(await tenants.call('checkPermission', { as: admin, query })).toMatchObject({ status: 400 });
  });
});

const holding = (permission: string) =>
  ROLE_NAMES.filter((role) => ROLES[role].some((held: string) => held === permission));

test('every permission is listed with the roles that hold it, those of the organisation too', async () => {
  const name = fresh('role');
  await tenants.call('createRole', { as: admin, body: { name, permissions: ['audit:read'] } });
  const { items } = (await tenants.call('listPermissions', { as: admin })).body;
  expect(items?.map((item) => item.name)).toEqual(PERMISSIONS);
  for (const permission of PERMISSIONS)
    expect(items).toContainEqual({
      name: permission,
      roles: permission === 'audit:read' ? ['admin', name] : holding(permission),
    });
});

const RESOURCES = ['key:k1', 'key:k2', 'webhook:we_1'];
const someOf = <T>(values: readonly T[], least = 0) => fc.subarray([...values], { minLength: least });

/** A caller with everything that may decide: roles of the house and own ones, scopes, grants and denies of several. */
const callers = fc
  .record({
    kind: fc.constantFrom('user' as const, 'api_key' as const, 'client' as const),
    own: fc.dictionary(fc.constantFrom('own_a', 'own_b', 'own_c'), someOf([...PERMISSIONS, 'unknown:read'])),
    scopes: someOf(PERMISSIONS),
    operator: fc.boolean(),
  })
  .chain((caller) => {
    const names = [...ROLE_NAMES, ...Object.keys(caller.own)];
    const given = fc.record({
      whose: fc.constantFrom('self' as const, 'owner' as const),
      resource: fc.constantFrom(...RESOURCES),
      role: fc.constantFrom(...names),
      effect: fc.constantFrom('allow' as const, 'deny' as const),
    });
    const grants = fc.uniqueArray(given, {
      maxLength: 6,
      selector: ({ whose, resource, role }) => `${whose} ${resource} ${role}`,
    });
    return fc.record({
      caller: fc.constant(caller),
      roles: someOf(names, 1),
      workspaceRoles: fc.option(someOf(names, 1), { nil: undefined }),
      grants,
    });
  });

type Caller = typeof callers extends fc.Arbitrary<infer T> ? T : never;

/** Puts the caller into the tables of a new organisation. */
async function installed({ caller, roles, workspaceRoles, grants }: Caller): Promise<Identity> {
  const [organisation, user, session, workspace] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
  const { sql } = tenants;
  await sql("insert into gatehouse.organisations (id, name, operator) values ($1, 'Random', $2)", [
    organisation,
    caller.operator,
  ]);
  await sql("insert into gatehouse.users (id, email, name) values ($1, $2, 'R')", [user, `${user}@r.example`]);
  await sql('insert into gatehouse.members (organisation_id, user_id, roles) values ($1, $2, $3)', [
    organisation,
    user,
    roles,
  ]);
  await sql("insert into gatehouse.workspaces (id, organisation_id, name) values ($1, $2, 'R')", [
    workspace,
    organisation,
  ]);
  if (workspaceRoles)
    await sql(
      'insert into gatehouse.workspace_members (organisation_id, workspace_id, user_id, roles) values ($1, $2, $3, $4)',
      [organisation, workspace, user, workspaceRoles],
    );
  for (const [name, held] of Object.entries(caller.own))
    await sql('insert into gatehouse.roles (organisation_id, name, permissions) values ($1, $2, $3)', [
      organisation,
      name,
      held,
    ]);
  const owner: Identity = { kind: 'user', id: user, organisation, session, workspace };
  await sql(
    `insert into gatehouse.sessions (id, organisation_id, user_id, client_id, expires_at, ends_at)
     values ($1, $2, $3, 'gatehouse', now() + interval '1 day', now() + interval '1 day')`,
    [session, organisation, user],
  );
  const identity = {
    user: async () => owner,
    api_key: () => tenants.key(owner, caller.scopes, workspace),
    client: () => tenants.client(organisation, caller.scopes),
  };
  const self = await identity[caller.kind]();
  for (const { whose, resource, role, effect } of grants) {
    const subject = whose === 'self' ? `${self.kind}:${self.id}` : `user:${user}`;
    await sql(
      `insert into gatehouse.grants (organisation_id, subject, resource, role, effect) values ($1, $2, $3, $4, $5)
       on conflict do nothing`,
      [organisation, subject, resource, role, effect],
    );
  }
  return self;
}

test('the check answers what the check of access lets pass, whoever asks for whatever', async () => {
  const origin = { requestId: 'test', sourceIp: '192.0.2.1', userAgent: '' };
  const { checkPermission } = permissions(tenants.changes);
  const rest = {
    requestId: 'test',
    publicUrl: '',
    origin,
    idempotencyKey: undefined,
    arrivedAtMs: 0,
    ifMatch: undefined,
    clientAuth: undefined,
  };
  await fc.assert(
    fc.asyncProperty(callers, someOf(PERMISSIONS, 3), async (caller, asked) => {
      const { principal, limits } = await tenants.serve.access.admit(await installed(caller), origin, 0);
      for (const permission of asked)
        for (const resource of [undefined, ...RESOURCES]) {
          const query = { permission, resource };
          const answer = await checkPermission({
            ...rest,
            principal,
            limits,
            query,
            params: undefined,
            body: undefined,
          });
          expect(answer).toMatchObject({ decision: permits(principal, permission, resource) ? 'allow' : 'deny' });
        }
    }),
    { numRuns: 40 },
  );
}, 60_000);

const factsOf = (grants: Caller['grants']): Facts['grants'] =>
  grants.map(({ resource, role, effect }, n) => ({ id: String(n), subject: 'user:u', resource, role, effect }));

test('a decision names what made it: without it the decision would be another one', () => {
  fc.assert(
    fc.property(
      callers,
      fc.constantFrom(...PERMISSIONS),
      fc.constantFrom(undefined, ...RESOURCES),
      ({ caller, roles, grants }, permission, resource) => {
        const custom = new Map(Object.entries(caller.own));
        const { kind, scopes, operator } = caller;
        const facts: Facts = { kind, scopes, operator, roles, custom, grants: factsOf(grants) };
        const { decision, decidedBy, roles: deciding = [], grant: by } = decide(facts, permission, resource);
        if (decidedBy === 'role') {
          const without = { ...facts, roles: roles.filter((role) => !deciding.includes(role)) };
          expect(decide(without, permission, resource)).not.toMatchObject({ decidedBy: 'role' });
        } else if (decidedBy === 'grant') {
          expect(by).toMatchObject({ resource, effect: decision });
          const others = facts.grants.filter(({ id }) => id !== by?.id);
          expect(decide({ ...facts, grants: others }, permission, resource).grant?.id).not.toBe(by?.id);
        } else if (decision === 'deny' && decidedBy !== 'nothing') {
          const widened = { ...facts, scopes: [...PERMISSIONS], roles: [...roles, 'admin', 'operator'] };
          expect(decide(widened, permission, resource).decision).toBe('allow');
        }
      },
    ),
    { numRuns: 500 },
  );
});
