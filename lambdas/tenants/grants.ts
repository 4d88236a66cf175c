import * as z from 'zod/mini';
import type { Changes, Tx } from '../shared/access/change';
import type { Principal } from '../shared/access/principal';
import { subjectsOf } from '../shared/access/subjects';
import { refuse } from '../shared/errors';
import type { Operations } from '../shared/http/route';
import { Grant, type grantRoutes } from './contracts/grants';
import { give, heldOn } from './give';
import { current, list, made, one, paged, tagged, taken, times, wrong } from './rows';

/** All of a subject's grants are read with its rights, and looked through by every request about one thing. */
const MOST_GRANTS = 200;

const COLUMNS = `g.id, g.subject, g.resource, g.role, g.effect, ${times('g')}`;
const OF_ORGANISATION = 'from gatehouse.grants g where g.organisation_id = $1';
const LIST = `select ${COLUMNS} ${OF_ORGANISATION} and ($5::text is null or g.subject = $5)
  and ($6::text is null or g.resource = $6) ${paged('g.created_at', 'g.id')}`;
const ONE = `select ${COLUMNS} ${OF_ORGANISATION} and g.id = $2`;
const COUNT = `select count(*)::int as count ${OF_ORGANISATION} and g.subject = $2`;
const INSERT = `insert into gatehouse.grants as g (organisation_id, subject, resource, role, effect)
  values ($1, $2, $3, $4, $5) returning ${COLUMNS}`;
const UPDATE = `update gatehouse.grants g set role = $3, effect = $4, version = version + 1, updated_at = now()
  where g.organisation_id = $1 and g.id = $2 returning ${COLUMNS}`;
const DELETE = 'delete from gatehouse.grants where organisation_id = $1 and id = $2';

/** Locked, so that nobody who is just being removed is granted anything. */
const EXISTS: Readonly<Record<string, string>> = {
  user: `select from gatehouse.members
    where organisation_id = $1 and user_id = $2::uuid and removed_at is null for update`,
  api_key: 'select from gatehouse.api_keys where organisation_id = $1 and id = $2 for key share',
  client: 'select from gatehouse.clients where organisation_id = $1 and id = $2::uuid for key share',
};

const same = taken('grants_unique', 'this subject has a grant of this role on this resource: change that one');

export const grants = (changes: Changes): Operations<typeof grantRoutes> => ({
  async listGrants(call) {
    const { subject = null, resource = null } = call.query;
    return list(changes, call, Grant, { text: LIST, filters: [subject, resource] });
  },

  async createGrant(call) {
    const { principal, body } = call;
    const { organisation } = principal;
    const { subject, resource, role, effect } = body;
    const creation = { operation: 'createGrant', content: body, kept: Grant };
    const create = changes.create(call, creation, async (tx) => {
      await refuseUnknown(tx, organisation, subject);
      await give(tx, organisation, [role], heldOn(principal, resource));
      await tx.voids(await subjectsOf(tx, organisation, subject));
      const after = await one(tx, Grant, INSERT, [organisation, subject, resource, role, effect]);
      tx.audit({ action: 'grant.created', target: `grant:${after.id}`, after });
      return after;
    });
    return made('/v1/grants', await create.catch(same));
  },

  async getGrant(call) {
    const values = [call.principal.organisation, call.params.id];
    return tagged(await changes.read(call, (sql) => one(sql, Grant, ONE, values)));
  },

  async updateGrant(call) {
    const { principal, params, body, ifMatch } = call;
    const values = [principal.organisation, params.id] as const;
    const change = changes.change(call, {}, async (tx) => {
      const before = await lockVoided(tx, values, ifMatch);
      const { role = before.role, effect = before.effect } = body;
      await giveBack(tx, principal, before);
      await give(tx, principal.organisation, [role], heldOn(principal, before.resource));
      const after = await one(tx, Grant, UPDATE, [...values, role, effect]);
      tx.audit({ action: 'grant.updated', target: `grant:${after.id}`, before, after });
      return after;
    });
    return tagged(await change.catch(same));
  },

  async deleteGrant(call) {
    const { principal, params, ifMatch } = call;
    const values = [principal.organisation, params.id] as const;
    await changes.change(call, {}, async (tx) => {
      const before = await lockVoided(tx, values, ifMatch);
      await giveBack(tx, principal, before);
      await tx.query(DELETE, values);
      tx.audit({ action: 'grant.deleted', target: `grant:${before.id}`, before });
    });
    return undefined;
  },
});

/** Locks the grant, its subject first as everywhere, and makes void what was kept of the subject's rights. */
async function lockVoided(tx: Tx, values: readonly [string, string], ifMatch: number | undefined) {
  const { subject } = await one(tx, Grant, ONE, values);
  await tx.voids(await subjectsOf(tx, values[0], subject));
  return current(tx, Grant, `${ONE} for update`, { values, ifMatch });
}

/** To lift a deny is to give what it took. So nobody who is denied something lifts that themselves. */
async function giveBack(tx: Tx, principal: Principal, { effect, role, resource }: z.output<typeof Grant>) {
  if (effect === 'deny') await give(tx, principal.organisation, [role], heldOn(principal, resource));
}

async function refuseUnknown(tx: Tx, organisation: string, subject: string): Promise<void> {
  const [kind = '', id] = subject.split(':');
  const found = await tx.query(EXISTS[kind] ?? refuse('not_found'), [organisation, id]);
  if (found.rowCount === 0) wrong('subject', 'names nobody of this organisation');
  const { count } = await one(tx, z.object({ count: z.int() }), COUNT, [organisation, subject]);
  if (count >= MOST_GRANTS) refuse('conflict', `a subject may have ${MOST_GRANTS} grants`);
}
