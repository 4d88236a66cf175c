import type { Changes } from '../shared/access/change';
import { subjectOf } from '../shared/access/principal';
import { refuse } from '../shared/errors';
import type { Operations } from '../shared/http/route';
import { appendAudit } from '../shared/stores/audit';
import { speakFor } from '../shared/stores/tenancy';
import { Organisation, type organisationRoutes } from './contracts/organisations';
import { current, list, made, one, paged, tagged, times } from './rows';

const COLUMNS = `o.id, o.name, o.plan, ${times('o')}`;
const LIST = `select ${COLUMNS} from gatehouse.organisations o
  where (o.id = $1 or exists (select from gatehouse.members m
    where m.organisation_id = o.id and m.user_id = $5::uuid and m.removed_at is null))
    ${paged('o.created_at', 'o.id')}`;
const ONE = `select ${COLUMNS} from gatehouse.organisations o where o.id = $1`;
const INSERT = `insert into gatehouse.organisations as o (id, name) values ($1, $2) returning ${COLUMNS}`;
const FIRST_ADMIN = "insert into gatehouse.members (organisation_id, user_id, roles) values ($1, $2, '{admin}')";
const UPDATE = `update gatehouse.organisations o set name = $2, version = version + 1, updated_at = now()
  where o.id = $1 returning ${COLUMNS}`;
const DELETE = 'delete from gatehouse.organisations where id = $1 and not operator';

/** The organisation that is addressed is the caller's, or is none. */
const ownOf = ({ principal, params }: { principal: { organisation: string }; params: { id: string } }) =>
  params.id === principal.organisation ? params.id : refuse('not_found');

export const organisations = (changes: Changes, newId: () => string): Operations<typeof organisationRoutes> => ({
  async listOrganisations(call) {
    const { kind, id } = call.principal;
    return list(changes, call, Organisation, { text: LIST, filters: [kind === 'user' ? id : null] });
  },

  async createOrganisation(call) {
    const { principal, origin, body } = call;
    if (principal.external) refuse('forbidden', 'your issuer signs you in to its own organisation only');
    const user = principal.id;
    const id = newId();
    const creation = { operation: 'createOrganisation', content: body, kept: Organisation };
    const after = await changes.create(call, creation, async (tx) => {
      // The new tenant's rows pass its own wall, and its audit begins with its own making.
      await speakFor(tx, { organisation: id, user });
      const organisation = await one(tx, Organisation, INSERT, [id, body.name]);
      await tx.query(FIRST_ADMIN, [id, user]);
      const event = { action: 'organisation.created', target: `organisation:${id}`, after: organisation };
      const admin = { action: 'member.added', target: `member:${user}`, after: { roles: ['admin'] } };
      for (const each of [event, admin]) await appendAudit(tx, id, origin, { actor: subjectOf(principal), ...each });
      await speakFor(tx, { organisation: principal.organisation, user });
      tx.audit(event);
      return organisation;
    });
    return made('/v1/organisations', after);
  },

  async getOrganisation(call) {
    const id = ownOf(call);
    return tagged(await changes.read(call, (sql) => one(sql, Organisation, ONE, [id])));
  },

  async updateOrganisation(call) {
    const id = ownOf(call);
    const after = await changes.change(call, {}, async (tx) => {
      const before = await current(tx, Organisation, `${ONE} for update`, { values: [id], ifMatch: call.ifMatch });
      const organisation = await one(tx, Organisation, UPDATE, [id, call.body.name]);
      tx.audit({ action: 'organisation.updated', target: `organisation:${id}`, before, after: organisation });
      return organisation;
    });
    return tagged(after);
  },

  async deleteOrganisation(call) {
    const id = ownOf(call);
    await changes.change(call, { voids: 'organisation' }, async (tx) => {
      const before = await current(tx, Organisation, `${ONE} for update`, { values: [id], ifMatch: call.ifMatch });
      const deleted = await tx.query(DELETE, [id]);
      if (deleted.rowCount === 0)
        refuse('conflict', 'it operates the platform: nobody could change its settings any more');
      tx.audit({ action: 'organisation.deleted', target: `organisation:${id}`, before });
    });
    return undefined;
  },
});
