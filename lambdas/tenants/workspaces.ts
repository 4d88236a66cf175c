import type { Changes } from '../shared/access/change';
import type { Operations } from '../shared/http/route';
import { Workspace, type workspaceRoutes } from './contracts/workspaces';
import { current, list, made, one, paged, tagged, taken, times } from './rows';
import { workspaceMembers } from './workspace-members';

const COLUMNS = `w.id, w.name, ${times('w')}`;
const OF_ORGANISATION = 'from gatehouse.workspaces w where w.organisation_id = $1';
const LIST = `select ${COLUMNS} ${OF_ORGANISATION} ${paged('w.created_at', 'w.id')}`;
const ONE = `select ${COLUMNS} ${OF_ORGANISATION} and w.id = $2`;
const INSERT = `insert into gatehouse.workspaces as w (organisation_id, name) values ($1, $2) returning ${COLUMNS}`;
const UPDATE = `update gatehouse.workspaces w set name = $3, version = version + 1, updated_at = now()
  where w.organisation_id = $1 and w.id = $2 returning ${COLUMNS}`;
const DELETE = 'delete from gatehouse.workspaces where organisation_id = $1 and id = $2';

const nameTaken = taken('workspaces_name_unique', 'a workspace of this name is there already');

export const workspaces = (changes: Changes): Operations<typeof workspaceRoutes> => ({
  ...workspaceMembers(changes),

  async listWorkspaces(call) {
    return list(changes, call, Workspace, { text: LIST });
  },

  async createWorkspace(call) {
    const { principal, body } = call;
    const creation = { operation: 'createWorkspace', content: body, kept: Workspace };
    const create = changes.create(call, creation, async (tx) => {
      const after = await one(tx, Workspace, INSERT, [principal.organisation, body.name]);
      tx.audit({ action: 'workspace.created', target: `workspace:${after.id}`, after });
      return after;
    });
    return made('/v1/workspaces', await create.catch(nameTaken));
  },

  async getWorkspace(call) {
    const values = [call.principal.organisation, call.params.id];
    return tagged(await changes.read(call, (sql) => one(sql, Workspace, ONE, values)));
  },

  async updateWorkspace(call) {
    const { ifMatch, body } = call;
    const values = [call.principal.organisation, call.params.id];
    const change = changes.change(call, {}, async (tx) => {
      const before = await current(tx, Workspace, `${ONE} for update`, { values, ifMatch });
      const after = await one(tx, Workspace, UPDATE, [...values, body.name]);
      tx.audit({ action: 'workspace.updated', target: `workspace:${after.id}`, before, after });
      return after;
    });
    return tagged(await change.catch(nameTaken));
  },

  async deleteWorkspace(call) {
    const values = [call.principal.organisation, call.params.id];
    // Roles in it, keys for it and sessions in it end with it: whose they were is more than one.
    await changes.change(call, { voids: 'organisation' }, async (tx) => {
      const before = await current(tx, Workspace, `${ONE} for update`, { values, ifMatch: call.ifMatch });
      await tx.query(DELETE, values);
      tx.audit({ action: 'workspace.deleted', target: `workspace:${before.id}`, before });
    });
    return undefined;
  },
});
