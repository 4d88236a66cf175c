import * as z from 'zod/mini';
import { refuse } from '../shared/errors';
import type { Sql } from '../shared/stores/tenancy';

const Row = z.object({ user_id: z.string() });
const ADMINS = `select m.user_id from gatehouse.members m
  where m.organisation_id = $1 and m.removed_at is null and 'admin' = any(m.roles)
    and exists (select from gatehouse.users u where u.id = m.user_id and u.status = 'active')
  order by m.user_id for update of m`;

/**
 * The admins of the organisation, locked until the transaction ends. Every change of a member begins with it: one order
 * of locks, so that two admins who demote each other wait instead of deadlocking, and the second sees what the first did.
 */
export async function lockAdmins(tx: Sql, organisation: string): Promise<ReadonlySet<string>> {
  const { rows } = await tx.query(ADMINS, [organisation]);
  return new Set(
    z
      .array(Row)
      .parse(rows)
      .map(({ user_id }) => user_id),
  );
}

/** Refuses to take the role from the last one who has it. Roles in workspaces do not count. */
export function keepAnAdmin(admins: ReadonlySet<string>, user: string): void {
  if (admins.size === 1 && admins.has(user))
    refuse('conflict', 'this is the last admin of the organisation: make another one first');
}
