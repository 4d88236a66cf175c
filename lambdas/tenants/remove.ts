import * as z from 'zod/mini';
import type { Tx } from '../shared/access/change';

const REMOVE = `update gatehouse.members set removed_at = now(), version = version + 1, updated_at = now()
  where organisation_id = $1 and user_id = $2::uuid`;

/**
 * What ends with a membership, so that none of it is there for whoever is brought back: sessions, roles in workspaces,
 * what was granted (a deny stays), and the doors left open, which are invitations that the member or one of their keys
 * sent. Keys stay as they are and are refused, because their owner is.
 */
const ENDS = [
  {
    action: 'session.ended',
    statement: `update gatehouse.sessions set ended_at = now(), ended_why = 'member removed'
      where organisation_id = $1 and user_id = $2::uuid and ended_at is null
      returning 'session:' || id as target, null::json as before`,
  },
  {
    action: 'workspace_member.removed',
    statement: `delete from gatehouse.workspace_members where organisation_id = $1 and user_id = $2::uuid
      returning 'workspace:' || workspace_id || '/member:' || user_id as target,
        json_build_object('id', user_id, 'roles', roles) as before`,
  },
  {
    action: 'grant.deleted',
    statement: `delete from gatehouse.grants
      where organisation_id = $1 and subject = 'user:' || $2::text and effect = 'allow'
      returning 'grant:' || id as target,
        json_build_object('id', id, 'subject', subject, 'resource', resource, 'role', role, 'effect', effect) as before`,
  },
  {
    action: 'invitation.deleted',
    statement: `delete from gatehouse.invitations i
      where i.organisation_id = $1 and i.accepted_at is null
        and (i.invited_by = 'user:' || $2::text or i.invited_by in (select 'api_key:' || k.id from gatehouse.api_keys k
          where k.organisation_id = $1 and k.owner_id = $2::uuid))
      returning 'invitation:' || id as target, json_build_object('id', id, 'email', email, 'roles', roles) as before`,
  },
] as const;

const Ended = z.object({ target: z.string(), before: z.unknown() });

/** Ends a membership whose row is locked, and what hangs on it; each in the audit. */
export async function remove(tx: Tx, organisation: string, user: string): Promise<void> {
  await tx.query(REMOVE, [organisation, user]);
  for (const { action, statement } of ENDS) {
    const { rows } = await tx.query(statement, [organisation, user]);
    for (const { target, before } of z.array(Ended).parse(rows))
      tx.audit({ action, target, reason: 'member removed', ...(before !== null && { before }) });
  }
}
