import * as z from 'zod/mini';
import { type CustomRoles, setOf } from '../shared/access/load.lazy';
import {
  isRole,
  isWithin,
  namesOf,
  PERMISSIONS,
  type PermissionSet,
  permissionSet,
  permits,
} from '../shared/access/permissions';
import type { Principal } from '../shared/access/principal';
import { refuse } from '../shared/errors';
import type { Sql } from '../shared/stores/tenancy';
import { wrong } from './rows';

const Row = z.object({ name: z.string(), permissions: z.array(z.string()) });
/** Locked, so that no role is deleted while it is being given. */
const ROLES = `select name, permissions from gatehouse.roles where organisation_id = $1 and name = any($2)
  order by name for share`;

/** Refuses roles that the organisation does not have, and roles that hold more than `held`: nobody gives more. */
export async function give(
  tx: Sql,
  organisation: string,
  roles: readonly string[],
  held: PermissionSet,
): Promise<void> {
  const { rows } = await tx.query(ROLES, [organisation, roles]);
  const custom: CustomRoles = new Map(
    z
      .array(Row)
      .parse(rows)
      .map(({ name, permissions }) => [name, permissions]),
  );
  const unknown = roles.filter((role) => !isRole(role) && !custom.has(role));
  if (unknown.length > 0) wrong('roles', `names no role of this organisation: ${unknown.join(', ')}`);
  for (const role of roles) giveSet(setOf(custom, role), held, `the role ${role}`);
}

/** Refuses permissions that are not in `held`. */
export function giveSet(given: PermissionSet, held: PermissionSet, what: string): void {
  if (isWithin(given, held)) return;
  const more = namesOf(given).filter((name) => !isWithin(permissionSet([name]), held));
  refuse('forbidden', `${what} holds what you do not: ${more.join(', ')}`);
}

/** What the caller holds on one resource: a deny there takes, a grant there adds. */
export const heldOn = (principal: Principal, resource: string): PermissionSet =>
  permissionSet(PERMISSIONS.filter((permission) => permits(principal, permission, resource)));

/** Roles that come in addition: those that are there already were given by somebody else. */
export const added = (before: readonly string[], after: readonly string[]) =>
  after.filter((role) => !before.includes(role));
