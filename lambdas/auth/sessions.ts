import type { Author, Changes, Tx } from '../shared/access/change';
import { digestOf } from '../shared/credentials/digest';
import type { Origin } from '../shared/stores/audit';
import type { Membership } from './membership';

/** A session slides with each refresh, and never past its end. */
export const IDLE = '7 days';
const LONGEST = '30 days';
/** What has ended is of use to nobody after this time. */
const KEPT = '30 days';

const LONGEST_DEVICE = 300;
export const deviceOf = ({ userAgent }: Origin): string => userAgent.slice(0, LONGEST_DEVICE).replaceAll('\0', '');

/** What a user's grant led to: a session, and the refresh token that it goes on with. */
export interface Granted {
  readonly membership: Membership;
  readonly session: string;
  readonly refreshToken: string;
}

interface NewSession {
  readonly id: string;
  readonly membership: Membership;
  readonly client: string;
  readonly device: string;
  readonly address: string;
  readonly refreshToken: string;
  readonly nowMs: number;
  /** Where a password opens it: of that password. */
  readonly passwordVersion?: number;
}

/**
 * The rows of the member and the user are locked until the session is committed: whoever removes, disables or changes a
 * password meanwhile waits, and then finds the session that is to end.
 */
export const ADMITTED = `select m.organisation_id, m.user_id
  from gatehouse.members m join gatehouse.users u on u.id = m.user_id
  where m.organisation_id = $1 and m.user_id = $2 and m.removed_at is null and u.status = 'active'
    and ($3::int is null or u.password_version = $3)
  for share of m, u`;

const OPEN = `
  with person as (${ADMITTED}), gone as (
    delete from gatehouse.sessions where organisation_id = $1 and user_id = $2
      and least(expires_at, ends_at) < to_timestamp($4) - interval '${KEPT}'
  ), made as (
    insert into gatehouse.sessions (id, organisation_id, user_id, workspace_id, client_id, device, address,
      created_at, last_seen_at, expires_at, ends_at)
    select $5, organisation_id, user_id, $6, $7, $8, $9, to_timestamp($4), to_timestamp($4),
      to_timestamp($4) + interval '${IDLE}', to_timestamp($4) + interval '${LONGEST}' from person
    returning id
  )
  insert into gatehouse.refresh_tokens (digest, session_id, created_at) select $10, id, to_timestamp($4) from made`;

/** Opens a session with its first refresh token, unless the user may not sign in any more. */
export async function openSession(tx: Tx, session: NewSession): Promise<boolean> {
  const { id, membership, client, device, address, refreshToken, nowMs, passwordVersion = null } = session;
  const { organisation, user, workspace = null } = membership;
  const person = [organisation, user, passwordVersion];
  const values = [nowMs / 1000, id, workspace, client, device, address, digestOf(refreshToken)];
  const made = await tx.query(OPEN, [...person, ...values]);
  if (made.rowCount !== 1) return false;
  tx.audit({ action: 'session.opened', target: `session:${id}`, after: { client, device, address, workspace } });
  return true;
}

interface Ending {
  readonly session: string;
  readonly why: string;
  /** @default 'session.ended' */
  readonly action?: string;
}

/** Of a change that a user makes who is known by a password, a code or a token. */
export const authorOf = (user: string, organisation: string, origin: Origin): Author => ({
  principal: { kind: 'user', id: user, organisation },
  origin,
});

const END = `update gatehouse.sessions set ended_at = now(), ended_why = $4
  where organisation_id = $1 and user_id = $2 and id = $3 and ended_at is null`;

/** Ends a session of the author. Whether there was one that had not ended. */
export const endSession = (changes: Changes, author: Author, { session, why, action = 'session.ended' }: Ending) =>
  changes.change(author, { voids: [`user:${author.principal.id}`] }, async (tx) => {
    const { organisation, id } = author.principal;
    const ended = await tx.query(END, [organisation, id, session, why]);
    if (ended.rowCount !== 1) return false;
    tx.audit({ action, target: `session:${session}`, reason: why });
    return true;
  });
