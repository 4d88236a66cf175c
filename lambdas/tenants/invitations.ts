import type { Changes, Tx } from '../shared/access/change';
import { subjectOf } from '../shared/access/principal';
import { creationBytes } from '../shared/credentials/derive';
import { digestOf } from '../shared/credentials/digest';
import { refuse } from '../shared/errors';
import type { Operations } from '../shared/http/route';
import { Invitation, type invitationRoutes } from './contracts/invitations';
import { give } from './give';
import { current, list, made, one, paged, tagged, taken, time, times } from './rows';

const COLUMNS = `i.id, i.email, i.roles, i.invited_by as "invitedBy", ${time('i.expires_at', 'expiresAt')},
  ${time('i.accepted_at', 'acceptedAt')}, ${times('i')}`;
const OF_ORGANISATION = 'from gatehouse.invitations i where i.organisation_id = $1';
const LIST = `select ${COLUMNS} ${OF_ORGANISATION} ${paged('i.created_at', 'i.id')}`;
const ONE = `select ${COLUMNS} ${OF_ORGANISATION} and i.id = $2`;
const EXPIRED = `delete from gatehouse.invitations i
  where i.organisation_id = $1 and i.email = $2 and i.accepted_at is null and i.expires_at <= now()`;
const MEMBER = `select from gatehouse.members m join gatehouse.users u on u.id = m.user_id
  where m.organisation_id = $1 and m.removed_at is null and u.email = $2 and u.external_issuer is null`;
const INSERT = `insert into gatehouse.invitations as i
    (organisation_id, id, email, roles, token_digest, invited_by, expires_at)
  values ($1, $2, $3, $4, $5, $6, now() + interval '7 days') returning ${COLUMNS}`;
const DELETE = 'delete from gatehouse.invitations where organisation_id = $1 and id = $2';

const open = taken('invitations_open', 'an invitation to this address is open: take it back first');

const notReady = (cause: unknown) =>
  refuse('not_ready', 'the secret that makes tokens does not answer', { headers: { 'retry-after': '2' }, cause });

interface Deps {
  readonly changes: Changes;
  /** From Secrets Manager: what is shown once is derived from it. */
  pepper(): Promise<string>;
  newId(): string;
}

export const invitations = ({ changes, pepper, newId }: Deps): Operations<typeof invitationRoutes> => ({
  async listInvitations(call) {
    return list(changes, call, Invitation, { text: LIST });
  },

  async createInvitation(call) {
    const { principal, body, idempotencyKey } = call;
    const { organisation } = principal;
    const secret = await pepper().catch(notReady);
    // With its id among the words, a key that is used again another day makes another token.
    const tokenOf = (id: string) =>
      `ghi_${creationBytes(secret, ['invitation', organisation, id, idempotencyKey], 32).toString('base64url')}`;
    const id = newId();
    const token = tokenOf(id);
    const creation = { operation: 'createInvitation', content: body, kept: Invitation };
    const create = changes.create(call, creation, async (tx) => {
      await makeRoom(tx, organisation, body.email);
      await give(tx, organisation, body.roles, principal.permissions);
      const values = [organisation, id, body.email, body.roles, digestOf(token), subjectOf(principal)];
      const after = await one(tx, Invitation, INSERT, values);
      tx.audit({ action: 'invitation.created', target: `invitation:${id}`, after });
      return after;
    });
    const invitation = await create.catch(open);
    return made('/v1/invitations', { ...invitation, token: invitation.id === id ? token : tokenOf(invitation.id) });
  },

  async getInvitation(call) {
    const values = [call.principal.organisation, call.params.id];
    return tagged(await changes.read(call, (sql) => one(sql, Invitation, ONE, values)));
  },

  async deleteInvitation(call) {
    const values = [call.principal.organisation, call.params.id];
    await changes.change(call, {}, async (tx) => {
      const before = await current(tx, Invitation, `${ONE} for update`, { values, ifMatch: call.ifMatch });
      if (before.acceptedAt !== null) refuse('conflict', 'it was accepted: remove the member instead');
      await tx.query(DELETE, values);
      tx.audit({ action: 'invitation.deleted', target: `invitation:${before.id}`, before });
    });
    return undefined;
  },
});

/** An address has one open invitation, or a membership; an invitation that has expired is in nobody's way. */
async function makeRoom(tx: Tx, organisation: string, email: string): Promise<void> {
  const known = await tx.query(MEMBER, [organisation, email]);
  if (known.rowCount !== 0) refuse('conflict', 'a member has this address');
  await tx.query(EXPIRED, [organisation, email]);
}
