import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod/mini';
import { holds, isPermission, type Rights } from '../shared/access/permissions';
import type { Principal } from '../shared/access/principal';
import { refuse } from '../shared/errors';
import { LimitOverride } from '../shared/limits/plans';
import type { Sql } from '../shared/stores/tenancy';
import { isRangeWithin } from './ranges';

/** Nobody hands out more than they hold. A scope that this release does not know allows nothing. */
export function assertHolds({ permissions }: Rights, scopes: readonly string[]): void {
  const missing = scopes.filter((scope) => isPermission(scope) && !holds(permissions, scope));
  if (missing.length > 0) refuse('forbidden', `these scopes are more than you hold: ${missing.join(', ')}`);
}

/** What a key or a client has in place of its organisation's plan, and of the figures in it. */
interface OwnPlan {
  readonly plan: string | null;
  readonly limits: LimitOverride | null;
}
/** What is asked for; nothing where it stays as it is. */
type PlanAsked = { readonly [K in keyof OwnPlan]?: OwnPlan[K] | undefined };

export const planAfter = (before: OwnPlan, { plan = before.plan, limits = before.limits }: PlanAsked): OwnPlan => ({
  plan,
  limits,
});

/** A plan or limits of its own let a key or a client have more than others of its organisation. */
export function assertMayPlan({ permissions }: Rights, asked: PlanAsked, before: OwnPlan): void {
  if (holds(permissions, 'organisations:write')) return;
  const after = planAfter(before, asked);
  if (after.plan !== before.plan) refuse('forbidden', 'a plan of its own needs the permission organisations:write');
  if (!isDeepStrictEqual(after.limits, before.limits))
    refuse('forbidden', 'limits of its own need the permission organisations:write');
}

/** What a key may be used for besides its scopes. */
export interface Bounds extends OwnPlan {
  readonly workspace: string | null;
  readonly ipRanges: readonly string[];
  readonly expiresAt: string | null;
}

const UNBOUND: Bounds = { workspace: null, ipRanges: [], plan: null, limits: null, expiresAt: null };

/** Who makes or changes a key: the person it will belong to, and what binds the maker itself. */
export interface Maker {
  readonly owner: string | undefined;
  readonly bounds: Bounds;
}

const Row = z.object({
  owner_id: z.string(),
  workspace_id: z.nullable(z.string()),
  ip_ranges: z.array(z.string()),
  plan: z.nullable(z.string()),
  limits: z.nullable(LimitOverride),
  expires_at: z.nullable(z.string()),
});
const SELECT = `select owner_id, workspace_id, ip_ranges, plan, limits, to_json(expires_at) #>> '{}' as expires_at
  from gatehouse.api_keys where organisation_id = $1 and id = $2`;

export async function makerOf(sql: Sql, { kind, id, organisation }: Principal): Promise<Maker> {
  if (kind !== 'api_key') return { owner: kind === 'user' ? id : undefined, bounds: UNBOUND };
  const { rows } = await sql.query(SELECT, [organisation, id]);
  const key = z.array(Row).parse(rows)[0] ?? refuse('unauthenticated');
  const { owner_id: owner, workspace_id: workspace, ip_ranges: ipRanges, plan, limits, expires_at: expiresAt } = key;
  return { owner, bounds: { workspace, ipRanges, plan, limits, expiresAt } };
}

export const ownerOf = ({ owner }: Maker): string =>
  owner ?? refuse('forbidden', 'a key belongs to a person: a client can have none');

/** A key makes no key that outlasts it or reaches further: what binds the maker binds what it makes. */
export function assertWithin(bounds: Bounds, { workspace, ipRanges, expiresAt }: Partial<Bounds>): void {
  if (bounds.workspace !== null && workspace !== undefined && workspace !== bounds.workspace)
    refuse('forbidden', 'your own key is bound to a workspace: the new one must be in the same');
  if (bounds.ipRanges.length > 0 && ipRanges && !areWithin(ipRanges, bounds.ipRanges))
    refuse('forbidden', 'your own key is bound to addresses: ipRanges must lie within its own');
  if (bounds.expiresAt !== null && expiresAt !== undefined && endOf(expiresAt) > endOf(bounds.expiresAt))
    refuse('forbidden', `your own key ends at ${bounds.expiresAt}: expiresAt must not be later`);
}

/** A client has no address, no end and no owner to bind it: a key that is bound hands out the secret of none. */
export function assertUnbound({ workspace, ipRanges, expiresAt }: Bounds): void {
  if (workspace !== null || ipRanges.length > 0 || expiresAt !== null)
    refuse('forbidden', 'your own key is bound to a workspace, to addresses or to a time, and a client is not');
}

/** No range at all means every address. */
const areWithin = (inner: readonly string[], outer: readonly string[]) =>
  inner.length > 0 && inner.every((range) => outer.some((wider) => isRangeWithin(range, wider)));

const endOf = (expiresAt: string | null) => (expiresAt === null ? Number.POSITIVE_INFINITY : Date.parse(expiresAt));
