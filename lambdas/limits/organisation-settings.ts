import * as z from 'zod/mini';
import type { Tx } from '../shared/access/change';
import { subjectOf } from '../shared/access/principal';
import { refuse } from '../shared/errors';
import { etag } from '../shared/http/request';
import { Answer, type Call, type Operations } from '../shared/http/route';
import { appendAudit } from '../shared/stores/audit';
import { type Sql, speakFor } from '../shared/stores/tenancy';
import { type limitRoutes, OrganisationSettings } from './contract';
import type { Deps } from './limits';

type Routes = Pick<typeof limitRoutes, 'getOrganisationSettings' | 'updateOrganisationSettings'>;
type Change = Call<Routes['updateOrganisationSettings']>;

const SELECT = `select id, name, plan, limits, version, to_json(updated_at) #>> '{}' as "updatedAt"
  from gatehouse.organisations where id = $1`;
const SET = 'select gatehouse.set_plan($1, $2, $3)';

/** Any organisation's; which of them are the caller's plays no part. */
export const organisationSettings = ({ changes }: Deps): Operations<Routes> => ({
  async getOrganisationSettings({ principal, params: { id } }) {
    const found = await changes.read({ principal }, async (sql) => {
      // An organisation stands behind its own wall, and is read from there.
      await speakFor(sql, { organisation: id });
      return one(sql, SELECT, id);
    });
    return tagged(found);
  },

  async updateOrganisationSettings(call) {
    const voids = { organisation: call.params.id };
    return tagged(await changes.change(call, { voids }, (tx) => changed(tx, call)));
  },
});

const tagged = (found: OrganisationSettings) => new Answer(found, { etag: etag(found.version) });

async function one(sql: Sql, statement: string, id: string): Promise<OrganisationSettings> {
  const { rows } = await sql.query(statement, [id]);
  return z.array(OrganisationSettings).parse(rows)[0] ?? refuse('not_found');
}

async function changed(tx: Tx, call: Change): Promise<OrganisationSettings> {
  const { principal, params, body, ifMatch } = call;
  if (Object.keys(body).length === 0) refuse('bad_request', 'body: names nothing to change');
  await speakFor(tx, { organisation: params.id });
  const before = await one(tx, `${SELECT} for update`, params.id);
  if (ifMatch !== undefined && ifMatch !== before.version)
    refuse('precondition_failed', `it is at version ${before.version}`);
  const { plan = before.plan, limits = before.limits } = body;
  // The database sets it for nobody but the operator.
  await speakFor(tx, principal);
  await tx.query(SET, [params.id, plan, limits && JSON.stringify(limits)]);
  await speakFor(tx, { organisation: params.id });
  const after = await one(tx, SELECT, params.id);
  await note(tx, call, before, after);
  return after;
}

/** In the audit of whom it concerns, and in the operator's; where the operator sits is not the tenant's to know. */
async function note(tx: Tx, { principal, origin, params }: Change, before: unknown, after: unknown): Promise<void> {
  const event = { action: 'organisation.plan_changed', target: `organisation:${params.id}`, before, after };
  if (params.id !== principal.organisation) {
    const from = { requestId: origin.requestId, sourceIp: '', userAgent: '' };
    await appendAudit(tx, params.id, from, { actor: subjectOf(principal), ...event });
  }
  await speakFor(tx, principal);
  tx.audit(event);
}
