import * as z from 'zod/mini';
import type { Changes } from '../shared/access/change';
import { customRoles, GRANTS_OF, isOperator, memberRoles } from '../shared/access/load.lazy';
import { PERMISSIONS } from '../shared/access/permissions';
import { type Identity, subjectOf } from '../shared/access/principal';
import { refuse } from '../shared/errors';
import type { Operations } from '../shared/http/route';
import type { Sql } from '../shared/stores/tenancy';
import { Grant } from './contracts/grants';
import type { permissionRoutes } from './contracts/permissions';
import { decide, type Facts } from './decide';
import { allRoles } from './roles';
import { one } from './rows';

export const permissions = (changes: Changes): Operations<typeof permissionRoutes> => ({
  async listPermissions(call) {
    const all = await changes.read(call, (sql) => allRoles(sql, call.principal.organisation));
    const holding = (name: string) => all.filter((role) => role.permissions.includes(name)).map((role) => role.name);
    return { items: PERMISSIONS.map((name) => ({ name, roles: holding(name) })) };
  },

  async checkPermission(call) {
    const { permission, resource } = call.query;
    const facts = await changes.read(call, (sql) => factsOf(sql, call.principal));
    return { permission, ...(resource !== undefined && { resource }), ...decide(facts, permission, resource) };
  },
});

const GRANTS = `select id, subject, resource, role, effect from gatehouse.grants where ${GRANTS_OF} order by created_at, id`;
const GrantFact = z.pick(Grant, { id: true, subject: true, resource: true, role: true, effect: true });

/** Of this moment, from the tables: what Redis has kept says the same, or is void. */
async function factsOf(sql: Sql, identity: Identity): Promise<Facts> {
  const { organisation, kind } = identity;
  const { owner, ...own } = await OF_KIND[kind](sql, identity);
  const { rows } = await sql.query(GRANTS, [organisation, subjectOf(identity), owner ?? null]);
  const grants = z.array(GrantFact).parse(rows);
  const custom = await customRoles(sql, organisation);
  return { kind, ...own, grants, custom, operator: await isOperator(sql, organisation) };
}

type Own = Pick<Facts, 'roles' | 'scopes'> & { readonly owner?: string };

const Key = z.object({ owner: z.string(), scopes: z.array(z.string()), workspace: z.nullable(z.string()) });
const KEY = `select owner_id as owner, scopes, workspace_id as workspace from gatehouse.api_keys
  where organisation_id = $1 and id = $2`;
const Client = z.object({ scopes: z.array(z.string()) });
const CLIENT = 'select scopes from gatehouse.clients where organisation_id = $1 and id = $2';

const OF_KIND: Readonly<Record<Identity['kind'], (sql: Sql, identity: Identity) => Promise<Own>>> = {
  user: async (sql, { organisation, id, workspace }) => ({
    roles: await rolesOf(sql, organisation, id, workspace),
    scopes: [],
  }),
  async api_key(sql, { organisation, id }) {
    const { owner, scopes, workspace } = await one(sql, Key, KEY, [organisation, id]);
    return { roles: await rolesOf(sql, organisation, owner, workspace ?? undefined), scopes, owner: `user:${owner}` };
  },
  async client(sql, { organisation, id }) {
    const { scopes } = await one(sql, Client, CLIENT, [organisation, id]);
    return { roles: [], scopes };
  },
};

/** Who was removed while asking is told what the next request will be told. */
async function rolesOf(sql: Sql, organisation: string, user: string, workspace: string | undefined) {
  const found = await memberRoles(sql, organisation, user, workspace);
  return 'refused' in found ? refuse('unauthenticated') : found.roles;
}
