import * as z from 'zod/mini';
import type { Tx } from '../shared/access/change';
import { hiddenFrom } from '../shared/access/permissions';
import { CreatedKey, page, placeOf } from '../shared/http/page';
import { etag } from '../shared/http/request';
import { Answer, type Operations } from '../shared/http/route';
import { changedClient } from './change-client';
import type { clientRoutes } from './client-contract';
import { CLIENT_COLUMNS, ClientRow, clientOf, clientRecord, lockClient, oneClient, readClient } from './client-rows';
import type { Deps } from './deps';
import { makeClient, rotateClient } from './make-client';

const LIST = `select ${CLIENT_COLUMNS} from gatehouse.clients
  where organisation_id = $1 and 'client:' || id <> all($2::text[])
    and ($3::timestamptz is null or (created_at, id) > ($3, $4::uuid))
  order by created_at, id limit $5`;
const UPDATE = `update gatehouse.clients set name = $3, scopes = $4, redirect_uris = $5, plan = $6, limits = $7,
    disabled_at = case when $8 then coalesce(disabled_at, now()) end, version = version + 1, updated_at = now()
  where organisation_id = $1 and id = $2 returning ${CLIENT_COLUMNS}`;
const DELETE = 'delete from gatehouse.clients where organisation_id = $1 and id = $2';

export const clients = (deps: Deps): Operations<typeof clientRoutes> => ({
  createClient: (call) => makeClient(deps, call),
  rotateClient: (call) => rotateClient(deps, call),

  async listClients({ principal, query }) {
    const { limit, after } = placeOf(CreatedKey, query);
    const hidden = hiddenFrom(principal, 'clients:read');
    const values = [principal.organisation, hidden, ...(after ?? [null, null]), limit + 1];
    const { rows } = await deps.changes.read({ principal }, (sql) => sql.query(LIST, values));
    return page(z.array(ClientRow).parse(rows), limit, clientOf, ({ created_at, id }) => [created_at, id]);
  },

  async getClient({ principal, params }) {
    const row = await deps.changes.read({ principal }, (sql) => readClient(sql, principal.organisation, params.id));
    return new Answer(clientOf(row), { etag: etag(row.version) });
  },

  async updateClient({ principal, origin, params: { id }, body, ifMatch }) {
    const row = await deps.changes.change({ principal, origin }, { voids: [`client:${id}`] }, async (tx) => {
      const before = await lockClient(tx, principal.organisation, id, ifMatch);
      await voidSessions(tx, before);
      const { name, scopes, redirectUris, plan, limits, disabled } = changedClient(principal, before, body);
      const after = await oneClient(tx, UPDATE, [
        principal.organisation,
        id,
        name,
        scopes,
        redirectUris,
        plan,
        limits,
        disabled,
      ]);
      const [was, is] = [clientRecord(before), clientRecord(after)];
      tx.audit({ action: 'client.changed', target: `client:${id}`, before: was, after: is });
      return after;
    });
    return new Answer(clientOf(row), { etag: etag(row.version) });
  },

  async deleteClient({ principal, origin, params: { id }, ifMatch }) {
    await deps.changes.change({ principal, origin }, { voids: [`client:${id}`] }, async (tx) => {
      const before = await lockClient(tx, principal.organisation, id, ifMatch);
      await voidSessions(tx, before);
      await tx.query(DELETE, [principal.organisation, id]);
      tx.audit({ action: 'client.deleted', target: `client:${id}`, before: clientRecord(before) });
    });
    return undefined;
  },
});

/** People have signed in through a public client: their sessions are of use only as long as it is. */
async function voidSessions(tx: Tx, { kind }: ClientRow): Promise<void> {
  if (kind === 'public') await tx.voids('organisation');
}
