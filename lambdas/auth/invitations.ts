import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import type { Changes, Tx } from '../shared/access/change';
import { subjectsOfMember } from '../shared/access/subjects';
import { digestOf } from '../shared/credentials/digest';
import { hashPassword } from '../shared/credentials/passwords';
import { refuse } from '../shared/errors';
import type { Operations } from '../shared/http/route';
import type { Origin } from '../shared/stores/audit';
import { type OpenPool, statementsOn } from '../shared/stores/postgres';
import type { authRoutes } from './contract';
import { requireStrong } from './password-policy';
import { authorOf } from './sessions';
import type { Passwords } from './sign-in';

const Row = z.object({
  id: z.uuid(),
  email: z.string(),
  roles: z.array(z.string()),
  organisation_id: z.uuid(),
  organisation: z.string(),
  account: z.nullable(z.uuid()),
});
type Invitation = z.output<typeof Row>;

const FIND = `
  select i.id, i.email, i.roles, i.organisation_id, o.name as organisation, u.id as account
  from gatehouse.invitations i join gatehouse.organisations o on o.id = i.organisation_id
    left join gatehouse.users u on u.email = i.email and u.external_issuer is null
  where i.token_digest = $1 and i.accepted_at is null and i.expires_at > now()`;

interface Deps {
  readonly pool: OpenPool;
  readonly changes: Changes;
  readonly passwords: Passwords;
}

interface NewAccount {
  readonly name: string;
  readonly hash: string;
}

const NONE_WAITS = 'no invitation waits for this token';

type Accept = Pick<Operations<typeof authRoutes>, 'acceptInvitation'>;

export const invitations = ({ pool, changes, passwords }: Deps): Accept => ({
  async acceptInvitation({ body: { token, name, password }, origin }) {
    const { rows } = await statementsOn(pool).query(FIND, [digestOf(token)]);
    const invitation = z.array(Row).parse(rows)[0] ?? refuse('not_found', NONE_WAITS, { isWrongCredential: true });
    const account = invitation.account ?? undefined;
    if (account !== undefined) await prove(passwords, invitation, password, origin);
    const made = account === undefined ? await accountFor(invitation, name, password) : undefined;
    const user = account ?? randomUUID();
    const { organisation_id: id, organisation, roles } = invitation;
    await changes.change(authorOf(user, id, origin), {}, (tx) => join(tx, user, invitation, made));
    return { user, organisation: { id, name: organisation }, roles };
  },
});

/** Whoever holds the invitation of somebody with an account must be that somebody. */
async function prove(passwords: Passwords, { email, account }: Invitation, password: string, origin: Origin) {
  const proven = await passwords.prove({ email, password }, origin);
  if (proven !== account) refuse('unauthenticated', 'there is an account with this email address; send its password');
}

async function accountFor(
  { email, organisation }: Invitation,
  name: string | undefined,
  password: string,
): Promise<NewAccount> {
  if (name === undefined) return refuse('bad_request', 'body: name is missing', { extensions: NAME_MISSING });
  await requireStrong(password, 'password', [email, name, organisation]);
  return { name, hash: await hashPassword(password) };
}
const NAME_MISSING = { errors: [{ in: 'body', name: 'name', detail: 'is missing' }] };

/** Once: of two who accept at the same time the second waits here, and finds it accepted. */
const ACCEPT = `update gatehouse.invitations set accepted_at = now(), version = version + 1, updated_at = now()
  where organisation_id = $1 and id = $2 and accepted_at is null and expires_at > now()`;
const NEW_USER = `insert into gatehouse.users (id, email, name, password_hash) values ($1, $2, $3, $4) on conflict do nothing`;
/** Who was removed comes back with the roles of the invitation, and no others. */
const JOIN = `insert into gatehouse.members as m (organisation_id, user_id, roles) values ($1, $2, $3)
  on conflict (organisation_id, user_id) do update
    set roles = excluded.roles, removed_at = null, version = m.version + 1, updated_at = now()
    where m.removed_at is not null`;

async function join(tx: Tx, user: string, invitation: Invitation, made: NewAccount | undefined): Promise<void> {
  const { id, organisation_id: organisation, email, roles } = invitation;
  // Who comes back has their keys back.
  await tx.voids(await subjectsOfMember(tx, organisation, user));
  const accepted = await tx.query(ACCEPT, [organisation, id]);
  if (accepted.rowCount !== 1) refuse('not_found', NONE_WAITS);
  if (made && (await tx.query(NEW_USER, [user, email, made.name, made.hash])).rowCount !== 1)
    refuse('conflict', 'an account with this email address was made meanwhile; accept with its password');
  if ((await tx.query(JOIN, [organisation, user, roles])).rowCount !== 1)
    refuse('conflict', 'you are a member already');
  tx.audit({ action: 'invitation.accepted', target: `invitation:${id}` });
  tx.audit({ action: 'member.added', target: `member:${user}`, after: { roles } });
}
