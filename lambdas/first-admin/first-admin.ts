import { randomBytes } from 'node:crypto';
import * as z from 'zod/mini';
import type { Role } from '../shared/access/permissions';
import { digestOf } from '../shared/credentials/digest';
import { appendAudit } from '../shared/stores/audit';
import type { OpenPool } from '../shared/stores/postgres';
import { inTenant, type Sql } from '../shared/stores/tenancy';

/** Whom the stage names (lib/stages.ts). */
export const FirstAdmin = z.object({ email: z.email(), organisation: z.string() });
export type FirstAdmin = z.output<typeof FirstAdmin>;

/** What the operator finds in the secret. */
export interface FirstInvitation {
  readonly email: string;
  readonly organisation: string;
  readonly token: string;
}

interface Deps {
  readonly pool: OpenPool;
  newId(): string;
}

const ANY_MEMBER = 'select from gatehouse.members where removed_at is null limit 1';
/** Two deploys at once wait for each other: one of them makes the organisation. */
const LOCK = "select pg_advisory_xact_lock(hashtext('gatehouse first admin'))";
/** The first organisation is the operator's of the platform. */
const INSERT_ORGANISATION = 'insert into gatehouse.organisations (id, name, operator) values ($1, $2, true)';
const ROLES = ['admin', 'operator'] as const satisfies readonly Role[];
/** Only what nobody has ever been in: an invitation that was accepted makes its organisation somebody's for good. */
const TAKE_BACK = `delete from gatehouse.organisations o
  where exists (select from gatehouse.invitations i
      where i.organisation_id = o.id and i.invited_by = 'deployment' and i.accepted_at is null)
    and not exists (select from gatehouse.members m where m.organisation_id = o.id)`;
const INVITE = `insert into gatehouse.invitations (id, organisation_id, email, roles, token_digest, invited_by, expires_at)
  values ($1, $2, lower($3), $4, $5, 'deployment', now() + interval '30 days')`;

const ORIGIN = { requestId: 'deploy', sourceIp: '', userAgent: '' };

/**
 * Makes the first organisation and invites its administrator, as long as nobody is a member of anything: a stage without
 * example logins has no other way in. Asked again before anybody came, the invitation of before is taken back.
 * @returns what the operator hands to that person; nothing once there are members
 */
export async function inviteFirstAdmin(
  wanted: FirstAdmin,
  { pool, newId }: Deps,
): Promise<FirstInvitation | undefined> {
  const organisation = newId();
  const token = `ghi_${randomBytes(32).toString('base64url')}`;
  const made = await inTenant(pool, { organisation }, async (sql) => {
    await sql.query(LOCK);
    if ((await sql.query(ANY_MEMBER)).rowCount !== 0) return false;
    await sql.query(TAKE_BACK);
    await make(sql, wanted, { organisation, invitation: newId(), token });
    return true;
  });
  return made ? { ...wanted, token } : undefined;
}

interface Made {
  readonly organisation: string;
  readonly invitation: string;
  readonly token: string;
}

async function make(sql: Sql, { email, organisation: name }: FirstAdmin, { organisation, invitation, token }: Made) {
  await sql.query(INSERT_ORGANISATION, [organisation, name]);
  await sql.query(INVITE, [invitation, organisation, email, ROLES, digestOf(token)]);
  const actor = 'deployment';
  const note = (action: string, target: string, after: unknown) =>
    appendAudit(sql, organisation, ORIGIN, { actor, action, target, after });
  await note('organisation.created', `organisation:${organisation}`, { id: organisation, name, operator: true });
  await note('invitation.created', `invitation:${invitation}`, { id: invitation, email, roles: ROLES });
}
