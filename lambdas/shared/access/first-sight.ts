import * as z from 'zod/mini';
import { appendAudit, type Origin } from '../stores/audit';
import type { Sql } from '../stores/tenancy';
import { type ExternalUser, type Identity, subjectOf } from './principal';

const INSERT_USER = `insert into gatehouse.users (id, email, name, external_issuer, external_subject)
  values ($1, lower($2), $3, $4, $5) on conflict do nothing`;
const INSERT_MEMBER = `insert into gatehouse.members (organisation_id, user_id, roles, roles_said_at)
  values ($1, $2, $3, to_timestamp($4)) on conflict do nothing`;
/** An older token does not bring older roles back, and nothing brings back who was removed. */
const SAY_ROLES = `update gatehouse.members m
  set roles = $3, roles_said_at = to_timestamp($4), updated_at = now(),
    version = m.version + (before.roles is distinct from $3)::int
  from gatehouse.members before
  where m.organisation_id = $1 and m.user_id = $2 and m.removed_at is null
    and before.organisation_id = m.organisation_id and before.user_id = m.user_id
    and (m.roles_said_at is null or m.roles_said_at < to_timestamp($4))
  returning before.roles, before.roles is distinct from $3 as changed`;
const Said = z.array(z.object({ roles: z.array(z.string()), changed: z.boolean() }));

/**
 * A user of an external issuer: made a user and a member when first seen, given the roles that the issuer says now. Their
 * email is what the issuer says; it is never matched with an account of ours.
 */
export async function acquaint(sql: Sql, identity: Identity, external: ExternalUser, origin: Origin): Promise<void> {
  const { id, organisation } = identity;
  const { issuer, subject, roles, issuedAtSeconds, email, name } = external;
  if (roles.length === 0) return;
  const actor = subjectOf(identity);
  const target = `member:${id}`;
  await sql.query(INSERT_USER, [id, email ?? null, name ?? email ?? subject, issuer, subject]);
  const made = await sql.query(INSERT_MEMBER, [organisation, id, roles, issuedAtSeconds]);
  if (made.rowCount === 1) {
    await appendAudit(sql, organisation, origin, { actor, action: 'member.added', target, after: { roles, issuer } });
    return;
  }
  const [said] = Said.parse((await sql.query(SAY_ROLES, [organisation, id, roles, issuedAtSeconds])).rows);
  if (said?.changed)
    await appendAudit(sql, organisation, origin, {
      actor,
      action: 'member.roles_said',
      target,
      before: { roles: said.roles },
      after: { roles, issuer },
    });
}
