import * as z from 'zod/mini';
import { holds, isPermission, type Rights } from '../shared/access/permissions';
import type { Principal } from '../shared/access/principal';
import { refuse } from '../shared/errors';
import type { Sql } from '../shared/stores/tenancy';
import { isRangeWithin } from './ranges';

/** Nobody hands out more than they hold. A scope that this release does not know allows nothing. */
export function assertHolds({ permissions }: Rights, scopes: readonly string[]): void {
  const missing = scopes.filter((scope) => isPermission(scope) && !holds(permissions, scope));
  if (missing.length > 0) refuse('forbidden', `these scopes are more than you hold: ${missing.join(', ')}`);
}

/** A plan of its own lets a key or a client have more than its organisation pays for. */
export function assertMayPlan({ permissions }: Rights, plan: string | null | undefined, before: string | null): void {
  if (plan !== undefined && plan !== before && !holds(permissions, 'organisations:write'))
    refuse('forbidden', 'a plan of its own needs the permission organisations:write');
}

/** What a key may be used for besides its scopes. */
export interface Limits {
  readonly workspace: string | null;
  readonly ipRanges: readonly string[];
  readonly plan: string | null;
  readonly expiresAt: string | null;
}

const NO_LIMITS: Limits = { workspace: null, ipRanges: [], plan: null, expiresAt: null };

/** Who makes or changes a key: the person it will belong to, and what binds the maker itself. */
export interface Maker {
  readonly owner: string | undefined;
  readonly limits: Limits;
}

const Row = z.object({
  owner_id: z.string(),
  workspace_id: z.nullable(z.string()),
  ip_ranges: z.array(z.string()),
  plan: z.nullable(z.string()),
  expires_at: z.nullable(z.string()),
});
const SELECT = `select owner_id, workspace_id, ip_ranges, plan, to_json(expires_at) #>> '{}' as expires_at
  from gatehouse.api_keys where organisation_id = $1 and id = $2`;

export async function makerOf(sql: Sql, { kind, id, organisation }: Principal): Promise<Maker> {
  if (kind !== 'api_key') return { owner: kind === 'user' ? id : undefined, limits: NO_LIMITS };
  const { rows } = await sql.query(SELECT, [organisation, id]);
  const key = z.array(Row).parse(rows)[0] ?? refuse('unauthenticated');
  const { owner_id, workspace_id, ip_ranges, plan, expires_at } = key;
  return { owner: owner_id, limits: { workspace: workspace_id, ipRanges: ip_ranges, plan, expiresAt: expires_at } };
}

export const ownerOf = ({ owner }: Maker): string =>
  owner ?? refuse('forbidden', 'a key belongs to a person: a client can have none');

/** A key makes no key that outlasts it or reaches further: what binds the maker binds what it makes. */
export function assertWithin(limits: Limits, { workspace, ipRanges, expiresAt }: Partial<Limits>): void {
  if (limits.workspace !== null && workspace !== undefined && workspace !== limits.workspace)
    refuse('forbidden', 'your own key is bound to a workspace: the new one must be in the same');
  if (limits.ipRanges.length > 0 && ipRanges && !areWithin(ipRanges, limits.ipRanges))
    refuse('forbidden', 'your own key is bound to addresses: ipRanges must lie within its own');
  if (limits.expiresAt !== null && expiresAt !== undefined && endOf(expiresAt) > endOf(limits.expiresAt))
    refuse('forbidden', `your own key ends at ${limits.expiresAt}: expiresAt must not be later`);
}

/** A client has no address, no end and no owner to bind it: a key that is bound hands out the secret of none. */
export function assertUnbound({ workspace, ipRanges, expiresAt }: Limits): void {
  if (workspace !== null || ipRanges.length > 0 || expiresAt !== null)
    refuse('forbidden', 'your own key is bound to a workspace, to addresses or to a time, and a client is not');
}

/** No range at all means every address. */
const areWithin = (inner: readonly string[], outer: readonly string[]) =>
  inner.length > 0 && inner.every((range) => outer.some((wider) => isRangeWithin(range, wider)));

const endOf = (expiresAt: string | null) => (expiresAt === null ? Number.POSITIVE_INFINITY : Date.parse(expiresAt));
