import * as z from 'zod/mini';
import { type CustomRoles, setOf } from '../shared/access/load.lazy';
import { NO_PERMISSIONS, namesOf, union } from '../shared/access/permissions';

/** A user in an organisation and perhaps in a workspace of it, with what holds there now. */
export interface Membership {
  readonly user: string;
  readonly organisation: string;
  readonly workspace: string | undefined;
  readonly roles: readonly string[];
  readonly plan: string;
  /** What the roles hold, as OAuth writes it: permissions with spaces between. */
  readonly scope: string;
}

/** Of members `m`, users `u`, organisations `o` and workspace_members `w`, as `membershipJoins` names them. */
export const MEMBERSHIP = `m.organisation_id, m.user_id, m.roles, m.removed_at is not null as removed,
  u.status, o.plan, w.workspace_id as joined_workspace, w.roles as workspace_roles,
  (select coalesce(jsonb_object_agg(r.name, r.permissions), '{}') from gatehouse.roles r
    where r.organisation_id = m.organisation_id) as custom_roles`;

/** Joins them to the row `of` that names an organisation, a user and perhaps a workspace. */
export const membershipJoins = (of: string): string => `
  join gatehouse.members m on m.organisation_id = ${of}.organisation_id and m.user_id = ${of}.user_id
  join gatehouse.users u on u.id = m.user_id
  join gatehouse.organisations o on o.id = m.organisation_id
  left join gatehouse.workspace_members w on w.organisation_id = m.organisation_id and w.user_id = m.user_id
    and w.workspace_id = ${of}.workspace_id`;

const Roles = z.array(z.string());
export const MembershipRow = z.object({
  organisation_id: z.uuid(),
  user_id: z.uuid(),
  roles: Roles,
  removed: z.boolean(),
  status: z.string(),
  plan: z.string(),
  joined_workspace: z.nullable(z.uuid()),
  workspace_roles: z.nullable(Roles),
  custom_roles: z.record(z.string(), Roles),
});
export type MembershipRow = z.output<typeof MembershipRow>;

/** The membership, unless the user is disabled, or was removed from the organisation or the workspace wanted. */
export function membershipOf(row: MembershipRow, wanted: string | undefined): Membership | undefined {
  const workspace = row.joined_workspace ?? undefined;
  if (row.removed || row.status !== 'active' || workspace !== wanted) return undefined;
  const roles = [...new Set([...row.roles, ...(row.workspace_roles ?? [])])];
  const { organisation_id: organisation, user_id: user, plan } = row;
  return {
    user,
    organisation,
    workspace,
    roles,
    plan,
    scope: scopeOf(roles, new Map(Object.entries(row.custom_roles))),
  };
}

const scopeOf = (roles: readonly string[], custom: CustomRoles): string =>
  namesOf(roles.map((role) => setOf(custom, role)).reduce(union, NO_PERMISSIONS)).join(' ');
