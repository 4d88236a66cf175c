import * as z from 'zod/mini';
import { LimitOverride, PlanOverride } from '../limits/plans';
import { appendAudit, type Origin } from '../stores/audit';
import type { OpenPool } from '../stores/postgres';
import { inTenant, type Sql } from '../stores/tenancy';
import { type Entry, refusedEntry } from './entry';
import { acquaint } from './first-sight';
import {
  intersection,
  mostOf,
  NO_PERMISSIONS,
  type PermissionSet,
  permissionSet,
  setOfRole,
  union,
} from './permissions';
import { type Identity, subjectOf } from './principal';

/** Permissions of an organisation's own roles by name. */
export type CustomRoles = ReadonlyMap<string, readonly string[]>;

/** What a role holds in this organisation: one of the house, or one of its own. */
export const setOf = (custom: CustomRoles, role: string): PermissionSet => {
  const own = custom.get(role);
  return own ? permissionSet(own) : setOfRole(role);
};

const unionOf = (custom: CustomRoles, roles: readonly string[]) =>
  roles.map((role) => setOf(custom, role)).reduce(union, NO_PERMISSIONS);

const RoleRow = z.object({ name: z.string(), permissions: z.array(z.string()) });

export async function customRoles(sql: Sql, organisation: string): Promise<CustomRoles> {
  const { rows } = await sql.query('select name, permissions from gatehouse.roles where organisation_id = $1', [
    organisation,
  ]);
  return new Map(
    z
      .array(RoleRow)
      .parse(rows)
      .map(({ name, permissions }) => [name, permissions]),
  );
}

const Roles = z.array(z.string());
const MemberRow = z.object({
  roles: Roles,
  removed: z.boolean(),
  status: z.string(),
  workspace_roles: z.nullable(Roles),
});

const MEMBER = `
  select m.roles, m.removed_at is not null as removed, u.status, w.roles as workspace_roles
  from gatehouse.members m join gatehouse.users u on u.id = m.user_id
    left join gatehouse.workspace_members w
      on w.organisation_id = m.organisation_id and w.user_id = m.user_id and w.workspace_id = $3
  where m.organisation_id = $1 and m.user_id = $2`;

/** The member's roles in the organisation and, where one is named, in the workspace; or why there are none. */
export async function memberRoles(
  sql: Sql,
  organisation: string,
  user: string,
  workspace: string | undefined,
): Promise<{ readonly roles: readonly string[] } | { readonly refused: string }> {
  const { rows } = await sql.query(MEMBER, [organisation, user, workspace ?? null]);
  if (rows.length === 0) return { refused: 'not a member' };
  const { roles, removed, status, workspace_roles } = MemberRow.parse(rows[0]);
  if (removed) return { refused: 'removed member' };
  if (status !== 'active') return { refused: 'disabled user' };
  return { roles: [...new Set([...roles, ...(workspace_roles ?? [])])] };
}

/** What differs between sessions, keys and clients. */
interface Own {
  readonly roles: readonly string[];
  readonly permissions: PermissionSet;
  readonly plan?: string | undefined;
  readonly limits?: LimitOverride | null;
  readonly ranges?: readonly string[];
  readonly endsAtSeconds?: number | undefined;
  /** Whose denies bind it too: those of a key's owner. */
  readonly owner?: string | undefined;
}
type Loaded = Own | { readonly refused: string };

const SessionRow = z.object({ ended: z.boolean(), ends_at: z.number() });
/**
 * Used at this moment: coarse, because an entry is loaded once in minutes. A session is over with the client through
 * which it was opened; our own is always there.
 */
const SESSION = `update gatehouse.sessions set last_seen_at = now()
  where id = $1 and organisation_id = $2 and user_id = $3
  returning ended_at is not null or client_id <> 'gatehouse' and not exists (
      select from gatehouse.clients c
      where c.organisation_id = sessions.organisation_id and c.id::text = client_id and c.disabled_at is null
    ) as ended, extract(epoch from least(expires_at, ends_at))::float8 as ends_at`;

const TRUSTED = 'select from gatehouse.issuers where organisation_id = $1 and id = $2 and disabled_at is null';

async function loadUser(sql: Sql, identity: Identity, custom: CustomRoles, origin: Origin): Promise<Loaded> {
  const { organisation, id, workspace, session, external } = identity;
  if (external?.entry !== undefined) {
    const { rowCount } = await sql.query(TRUSTED, [organisation, external.entry]);
    if (rowCount === 0) return { refused: 'issuer no longer trusted' };
  }
  if (external) await acquaint(sql, identity, external, origin);
  const member = await memberRoles(sql, organisation, id, workspace);
  if ('refused' in member) return member;
  const own = { roles: member.roles, permissions: unionOf(custom, member.roles) };
  if (session === undefined) return external ? own : { refused: 'no session' };
  const { rows } = await sql.query(SESSION, [session, organisation, id]);
  const found = z.array(SessionRow).parse(rows)[0];
  if (!found || found.ended) return { refused: 'ended session' };
  return { ...own, endsAtSeconds: Math.floor(found.ends_at) };
}

const KeyRow = z.object({
  owner_id: z.string(),
  scopes: z.array(z.string()),
  ip_ranges: z.array(z.string()),
  plan: z.nullable(z.string()),
  limits: z.nullable(LimitOverride),
  workspace_id: z.nullable(z.string()),
  disabled: z.boolean(),
  ends_at: z.nullable(z.number()),
});
const KEY = `update gatehouse.api_keys set last_used_at = now() where id = $1 and organisation_id = $2
  returning owner_id, scopes, ip_ranges, plan, limits, workspace_id, disabled_at is not null as disabled,
    extract(epoch from expires_at)::float8 as ends_at`;

async function loadKey(sql: Sql, identity: Identity, custom: CustomRoles, origin: Origin): Promise<Loaded> {
  const { organisation, id } = identity;
  const { rows } = await sql.query(KEY, [id, organisation]);
  const key = z.array(KeyRow).parse(rows)[0];
  if (!key) return { refused: 'deleted key' };
  if (key.disabled) return { refused: 'disabled key' };
  const owner = await memberRoles(sql, organisation, key.owner_id, key.workspace_id ?? undefined);
  if ('refused' in owner) return owner;
  const used = { actor: subjectOf(identity), action: 'key.used', target: `key:${id}` };
  await appendAudit(sql, organisation, origin, used);
  return {
    roles: owner.roles,
    permissions: intersection(permissionSet(key.scopes), unionOf(custom, owner.roles)),
    plan: key.plan ?? undefined,
    limits: key.limits,
    ranges: key.ip_ranges,
    endsAtSeconds: key.ends_at === null ? undefined : Math.floor(key.ends_at),
    owner: `user:${key.owner_id}`,
  };
}

const ClientRow = z.object({
  scopes: z.array(z.string()),
  plan: z.nullable(z.string()),
  limits: z.nullable(LimitOverride),
  disabled: z.boolean(),
});
const CLIENT = `update gatehouse.clients set last_used_at = now() where id = $1 and organisation_id = $2
  returning scopes, plan, limits, disabled_at is not null as disabled`;

async function loadClient(sql: Sql, { organisation, id }: Identity): Promise<Loaded> {
  const { rows } = await sql.query(CLIENT, [id, organisation]);
  const client = z.array(ClientRow).parse(rows)[0];
  if (!client) return { refused: 'deleted client' };
  if (client.disabled) return { refused: 'disabled client' };
  return {
    roles: [],
    permissions: permissionSet(client.scopes),
    plan: client.plan ?? undefined,
    limits: client.limits,
  };
}

const LOADERS = { user: loadUser, api_key: loadKey, client: loadClient } as const;

const GrantRow = z.object({ effect: z.enum(['allow', 'deny']), resource: z.string(), role: z.string() });
const TokenRow = z.object({ token_id: z.string() });
const PlanRow = z.object({ plan: z.string(), limits: z.nullable(PlanOverride), operator: z.boolean() });

const PLAN = 'select plan, limits, operator from gatehouse.organisations where id = $1';

/** Whether permissions on the platform's settings count in this organisation. */
export async function isOperator(sql: Sql, organisation: string): Promise<boolean> {
  const { rows } = await sql.query(PLAN, [organisation]);
  return z.array(PlanRow).parse(rows)[0]?.operator ?? false;
}

/** The caller's entry as PostgreSQL says it now; what a caller who may not act is refused for is part of it. */
export function load(pool: OpenPool, identity: Identity, origin: Origin, nowSeconds: number): Promise<Entry> {
  const { organisation, kind, id, external } = identity;
  return inTenant(pool, { organisation, ...(kind === 'user' && { user: id }) }, async (sql) => {
    const plans = await sql.query(PLAN, [organisation]);
    const tenant = z.array(PlanRow).parse(plans.rows)[0];
    if (!tenant) return refusedEntry('no organisation', nowSeconds);
    const custom = await customRoles(sql, organisation);
    const own = await LOADERS[kind](sql, identity, custom, origin);
    if ('refused' in own) return refusedEntry(own.refused, nowSeconds);
    const subject = subjectOf(identity);
    const most = mostOf(tenant);
    const grants = await grantsOf(sql, organisation, [subject, own.owner], custom);
    return {
      roles: [...own.roles],
      permissions: [...intersection(own.permissions, most)],
      grants: grants.map((grant) => ({ ...grant, permissions: [...intersection(grant.permissions, most)] })),
      plan: own.plan ?? tenant.plan,
      organisationPlan: tenant.plan,
      organisationOverride: tenant.limits ?? undefined,
      ownOverride: own.limits ?? undefined,
      ranges: [...(own.ranges ?? [])],
      revokedTokens: await revokedTokensOf(sql, organisation, subject),
      endsAtSeconds: own.endsAtSeconds,
      loadedAtSeconds: nowSeconds,
      said: external && { roles: [...external.roles], atSeconds: external.issuedAtSeconds },
    };
  });
}

/** A key may never do what its owner may not: a deny of the owner is one of the key. What is granted stays with each. */
export const GRANTS_OF = `organisation_id = $1 and (subject = $2 or (subject = $3 and effect = 'deny'))`;
const GRANTS = `select effect, resource, role from gatehouse.grants where ${GRANTS_OF}`;

async function grantsOf(
  sql: Sql,
  organisation: string,
  [subject, owner]: readonly [string, string | undefined],
  custom: CustomRoles,
): Promise<Entry['grants']> {
  const { rows } = await sql.query(GRANTS, [organisation, subject, owner ?? null]);
  return z
    .array(GrantRow)
    .parse(rows)
    .map(({ effect, resource, role }) => ({ effect, resource, permissions: [...setOf(custom, role)] }));
}

const REVOKED = `select token_id from gatehouse.revoked_tokens
  where organisation_id = $1 and subject = $2 and expires_at > now()`;

async function revokedTokensOf(sql: Sql, organisation: string, subject: string): Promise<string[]> {
  const { rows } = await sql.query(REVOKED, [organisation, subject]);
  return z
    .array(TokenRow)
    .parse(rows)
    .map(({ token_id }) => token_id);
}
