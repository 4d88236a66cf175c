import type { Changes } from '../shared/access/change';
import { subjectsOfMember } from '../shared/access/subjects';
import { refuse } from '../shared/errors';
import type { Operations } from '../shared/http/route';
import { keepAnAdmin, lockAdmins } from './admins';
import { Member, type memberRoutes } from './contracts/members';
import { added, give } from './give';
import { remove } from './remove';
import { current, list, made, one, paged, tagged, times } from './rows';

const COLUMNS = `u.id, u.email, u.name, m.roles, u.external_issuer is not null as external, ${times('m')}`;
const MEMBERS = `from gatehouse.members m join gatehouse.users u on u.id = m.user_id where m.organisation_id = $1`;
const LIST = `select ${COLUMNS} ${MEMBERS} and m.removed_at is null
  and ($5::text is null or u.email = $5) and ($6::text is null or $6 = any(m.roles))
  ${paged('m.created_at', 'm.user_id')}`;
const ONE = `select ${COLUMNS} ${MEMBERS} and m.user_id = $2 and m.removed_at is null`;
const LOCKED = `${ONE} for update of m`;
const REMOVED = `select ${COLUMNS} ${MEMBERS} and m.user_id = $2 and m.removed_at is not null for update of m`;
/** Of a member, or of one who was removed and comes back. */
const SET_ROLES = `with m as (
  update gatehouse.members set roles = $3, removed_at = null, version = version + 1, updated_at = now()
  where organisation_id = $1 and user_id = $2 returning *)
  select ${COLUMNS} from m join gatehouse.users u on u.id = m.user_id`;

export const members = (changes: Changes): Operations<typeof memberRoutes> => ({
  async listMembers(call) {
    const { email = null, role = null } = call.query;
    return list(changes, call, Member, { text: LIST, filters: [email, role] });
  },

  async addMember(call) {
    const { principal, body } = call;
    const values = [principal.organisation, body.id];
    const creation = { operation: 'addMember', content: body, kept: Member };
    const after = await changes.create(call, creation, async (tx) => {
      await lockAdmins(tx, principal.organisation);
      const known = await tx.query(ONE, values);
      if (known.rowCount !== 0) refuse('conflict', 'this user is a member already');
      await one(tx, Member, REMOVED, values);
      await give(tx, principal.organisation, body.roles, principal.permissions);
      await tx.voids(await subjectsOfMember(tx, principal.organisation, body.id));
      const member = await one(tx, Member, SET_ROLES, [...values, body.roles]);
      tx.audit({ action: 'member.added', target: `member:${body.id}`, after: member });
      return member;
    });
    return made('/v1/members', after);
  },

  async getMember(call) {
    const values = [call.principal.organisation, call.params.id];
    return tagged(await changes.read(call, (sql) => one(sql, Member, ONE, values)));
  },

  async updateMember(call) {
    const { principal, params, body, ifMatch } = call;
    const { organisation } = principal;
    const values = [organisation, params.id];
    const after = await changes.change(call, {}, async (tx) => {
      const admins = await lockAdmins(tx, organisation);
      const before = await current(tx, Member, LOCKED, { values, ifMatch });
      if (before.external) refuse('conflict', "this member's roles are said by their issuer: change them there");
      await give(tx, organisation, added(before.roles, body.roles), principal.permissions);
      if (!body.roles.includes('admin')) keepAnAdmin(admins, params.id);
      await tx.voids(await subjectsOfMember(tx, organisation, params.id));
      const member = await one(tx, Member, SET_ROLES, [...values, body.roles]);
      tx.audit({ action: 'member.updated', target: `member:${params.id}`, before, after: member });
      return member;
    });
    return tagged(after);
  },

  async removeMember(call) {
    await changes.change(call, {}, (tx) => removeFrom(tx, call.principal.organisation, call.params.id, call.ifMatch));
    return undefined;
  },

  async leaveOrganisation(call) {
    await changes.change(call, {}, (tx) => removeFrom(tx, call.principal.organisation, call.principal.id, undefined));
    return undefined;
  },
});

async function removeFrom(
  tx: Parameters<typeof remove>[0],
  organisation: string,
  user: string,
  ifMatch: number | undefined,
): Promise<void> {
  const admins = await lockAdmins(tx, organisation);
  const before = await current(tx, Member, LOCKED, { values: [organisation, user], ifMatch });
  keepAnAdmin(admins, user);
  await tx.voids(await subjectsOfMember(tx, organisation, user));
  await remove(tx, organisation, user);
  tx.audit({ action: 'member.removed', target: `member:${user}`, before });
}
