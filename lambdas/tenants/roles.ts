import * as z from 'zod/mini';
import type { Changes, Tx } from '../shared/access/change';
import { type Role as HouseRole, isRole, permissionSet, ROLE_NAMES, ROLES } from '../shared/access/permissions';
import { refuse } from '../shared/errors';
import { page, placeOf } from '../shared/http/page';
import type { Operations } from '../shared/http/route';
import type { Sql } from '../shared/stores/tenancy';
import { Role, type roleRoutes } from './contracts/roles';
import { giveSet } from './give';
import { current, one, tagged, taken, times } from './rows';

/** All of them are read with the rights of every caller (shared/access). */
const MOST_ROLES = 100;

const Own = z.extend(Role, { version: z.int() });
const COLUMNS = `r.name, true as custom, r.description, r.permissions, ${times('r')}`;
const OWN = `select ${COLUMNS} from gatehouse.roles r where r.organisation_id = $1`;
const ONE = `${OWN} and r.name = $2`;
const COUNT = 'select count(*)::int as count from gatehouse.roles where organisation_id = $1';
const INSERT = `insert into gatehouse.roles as r (organisation_id, name, description, permissions)
  values ($1, $2, $3, $4) returning ${COLUMNS}`;
const UPDATE = `update gatehouse.roles r set description = $3, permissions = $4, version = version + 1, updated_at = now()
  where r.organisation_id = $1 and r.name = $2 returning ${COLUMNS}`;
const DELETE = 'delete from gatehouse.roles where organisation_id = $1 and name = $2';
const USES = `select * from (values
  ('members', (select count(*) from gatehouse.members
    where organisation_id = $1 and removed_at is null and $2 = any(roles))),
  ('workspace members', (select count(*) from gatehouse.workspace_members where organisation_id = $1 and $2 = any(roles))),
  ('grants', (select count(*) from gatehouse.grants where organisation_id = $1 and role = $2)),
  ('open invitations', (select count(*) from gatehouse.invitations
    where organisation_id = $1 and accepted_at is null and expires_at > now() and $2 = any(roles)))
  ) as uses (place, count) where count > 0`;
const Use = z.object({ place: z.string(), count: z.coerce.number() });

const DESCRIPTIONS: Readonly<Record<HouseRole, string>> = {
  admin: 'May do everything in the organisation.',
  editor: 'Works with what the organisation has; does not decide who may.',
  viewer: 'Reads.',
  api_user: 'Of machines: queries and metrics.',
  operator: 'Operates the platform: its settings. Counts in the organisation of the operator alone.',
};
const houseRole = (name: HouseRole) => ({
  name,
  custom: false,
  description: DESCRIPTIONS[name],
  permissions: [...ROLES[name]],
});
const HOUSE: readonly z.output<typeof Role>[] = ROLE_NAMES.map(houseRole);

/** Those of the house first, then the organisation's own by name. */
export async function allRoles(sql: Sql, organisation: string): Promise<readonly z.output<typeof Role>[]> {
  const { rows } = await sql.query(`${OWN} order by r.name collate "C"`, [organisation]);
  return [...HOUSE, ...z.array(Own).parse(rows)];
}

const refuseHouse = (name: string) => isRole(name) && refuse('conflict', 'the roles of the house stay as they are');
/** Sorts as the list does: no role's name begins with a digit. */
const keyOf = ({ custom, name }: z.output<typeof Role>) =>
  custom ? name : String(ROLE_NAMES.findIndex((house) => house === name));

export const roles = (changes: Changes): Operations<typeof roleRoutes> => ({
  async listRoles(call) {
    const { limit, after = '' } = placeOf(z.string(), call.query);
    const all = await changes.read(call, (sql) => allRoles(sql, call.principal.organisation));
    const rest = all.filter((role) => keyOf(role) > after);
    return page(rest, limit, (role) => role, keyOf);
  },

  async createRole(call) {
    const { principal, body } = call;
    refuseHouse(body.name);
    giveSet(permissionSet(body.permissions), principal.permissions, 'this role');
    const creation = { operation: 'createRole', content: body, kept: Own, voids: 'organisation' } as const;
    const create = changes.create(call, creation, async (tx) => {
      const { count } = await one(tx, z.object({ count: z.int() }), COUNT, [principal.organisation]);
      if (count >= MOST_ROLES) refuse('conflict', `an organisation may have ${MOST_ROLES} roles of its own`);
      const { name, description = '', permissions } = body;
      const after = await one(tx, Own, INSERT, [principal.organisation, name, description, permissions]);
      tx.audit({ action: 'role.created', target: `role:${name}`, after });
      return after;
    });
    const after = await create.catch(taken('roles_pkey', 'a role of this name is there already'));
    return tagged(after, { location: `/v1/roles/${after.name}` });
  },

  async getRole(call) {
    const { name } = call.params;
    if (isRole(name)) return houseRole(name);
    return tagged(await changes.read(call, (sql) => one(sql, Own, ONE, [call.principal.organisation, name])));
  },

  async updateRole(call) {
    const { principal, params, body, ifMatch } = call;
    refuseHouse(params.name);
    const values = [principal.organisation, params.name];
    const after = await changes.change(call, { voids: 'organisation' }, async (tx) => {
      const before = await current(tx, Own, `${ONE} for update`, { values, ifMatch });
      const { description = before.description, permissions = before.permissions } = body;
      const more = permissions.filter((name) => !before.permissions.includes(name));
      giveSet(permissionSet(more), principal.permissions, 'this role then');
      const role = await one(tx, Own, UPDATE, [...values, description, permissions]);
      tx.audit({ action: 'role.updated', target: `role:${params.name}`, before, after: role });
      return role;
    });
    return tagged(after);
  },

  async deleteRole(call) {
    const { principal, params, ifMatch } = call;
    refuseHouse(params.name);
    const values = [principal.organisation, params.name];
    await changes.change(call, { voids: 'organisation' }, async (tx) => {
      const before = await current(tx, Own, `${ONE} for update`, { values, ifMatch });
      await refuseUsed(tx, values);
      await tx.query(DELETE, values);
      tx.audit({ action: 'role.deleted', target: `role:${params.name}`, before });
    });
    return undefined;
  },
});

/** With the role's row locked nobody is just giving it: give.ts waits for that lock. */
async function refuseUsed(tx: Tx, values: readonly string[]): Promise<void> {
  const { rows } = await tx.query(USES, values);
  const uses = z.array(Use).parse(rows);
  if (uses.length === 0) return;
  refuse('conflict', `this role is in use: ${uses.map(({ place, count }) => `${count} ${place}`).join(', ')}`);
}
