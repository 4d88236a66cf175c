import * as z from 'zod/mini';
import type { Changes, Tx } from '../shared/access/change';
import { subjectsOfMember } from '../shared/access/subjects';
import { refuse } from '../shared/errors';
import type { Operations } from '../shared/http/route';
import { WorkspaceMember, type workspaceRoutes } from './contracts/workspaces';
import { added, give } from './give';
import { current, list, one, paged, tagged, times } from './rows';

const COLUMNS = `u.id, u.email, u.name, m.roles, ${times('m')}`;
const OF_WORKSPACE = `from gatehouse.workspace_members m join gatehouse.users u on u.id = m.user_id
  where m.organisation_id = $1`;
const LIST = `select ${COLUMNS} ${OF_WORKSPACE} and m.workspace_id = $5 ${paged('m.created_at', 'm.user_id')}`;
const ONE = `select ${COLUMNS} ${OF_WORKSPACE} and m.workspace_id = $2 and m.user_id = $3`;
const PUT = `with m as (
  insert into gatehouse.workspace_members as m (organisation_id, workspace_id, user_id, roles) values ($1, $2, $3, $4)
  on conflict (workspace_id, user_id) do update
    set roles = excluded.roles, version = m.version + 1, updated_at = now()
  returning *)
  select ${COLUMNS} from m join gatehouse.users u on u.id = m.user_id`;
const DELETE = `delete from gatehouse.workspace_members
  where organisation_id = $1 and workspace_id = $2 and user_id = $3`;

const Found = z.object({});
const WORKSPACE = 'select from gatehouse.workspaces where organisation_id = $1 and id = $2';
/** Locked, so that nobody who is just being removed gets a role. */
const MEMBER = `select from gatehouse.members
  where organisation_id = $1 and user_id = $2 and removed_at is null for update`;

type WorkspaceMembers = Pick<
  Operations<typeof workspaceRoutes>,
  'listWorkspaceMembers' | 'putWorkspaceMember' | 'deleteWorkspaceMember'
>;

export const workspaceMembers = (changes: Changes): WorkspaceMembers => ({
  async listWorkspaceMembers(call) {
    const { principal, params } = call;
    await changes.read(call, (sql) => one(sql, Found, WORKSPACE, [principal.organisation, params.id]));
    return list(changes, call, WorkspaceMember, { text: LIST, filters: [params.id] });
  },

  async putWorkspaceMember(call) {
    const { principal, params, body, ifMatch } = call;
    const { organisation } = principal;
    const values = [organisation, params.id, params.user];
    const after = await changes.change(call, {}, async (tx) => {
      await one(tx, Found, `${WORKSPACE} for share`, [organisation, params.id]);
      await one(tx, Found, MEMBER, [organisation, params.user]);
      const before = await existing(tx, values, ifMatch);
      await give(tx, organisation, added(before?.roles ?? [], body.roles), principal.permissions);
      await tx.voids(await subjectsOfMember(tx, organisation, params.user));
      const member = await one(tx, WorkspaceMember, PUT, [...values, body.roles]);
      tx.audit({ action: 'workspace_member.put', target: targetOf(params), before, after: member });
      return member;
    });
    return tagged(after);
  },

  async deleteWorkspaceMember(call) {
    const { principal, params, ifMatch } = call;
    const values = [principal.organisation, params.id, params.user];
    await changes.change(call, {}, async (tx) => {
      await tx.voids(await subjectsOfMember(tx, principal.organisation, params.user));
      const before = await current(tx, WorkspaceMember, `${ONE} for update of m`, { values, ifMatch });
      await tx.query(DELETE, values);
      tx.audit({ action: 'workspace_member.removed', target: targetOf(params), before });
    });
    return undefined;
  },
});

const targetOf = ({ id, user }: { readonly id: string; readonly user: string }) => `workspace:${id}/member:${user}`;

/** The membership that is to be replaced. A version can be named of one that is there only. */
async function existing(tx: Tx, values: readonly string[], ifMatch: number | undefined) {
  const { rows } = await tx.query(`${ONE} for update of m`, values);
  const found = z.array(WorkspaceMember).parse(rows)[0];
  if (ifMatch !== undefined && ifMatch !== found?.version)
    return refuse('precondition_failed', found ? `it is at version ${found.version}` : 'it is not there yet');
  return found;
}
