import { randomBytes } from 'node:crypto';
import * as z from 'zod/mini';
import type { Author, Changes } from '../../shared/access/change';
import { hiddenFrom } from '../../shared/access/permissions';
import type { Principal } from '../../shared/access/principal';
import { refuse } from '../../shared/errors';
import { page, placeOf } from '../../shared/http/page';
import { etag } from '../../shared/http/request';
import { Answer, type Operations } from '../../shared/http/route';
import type { EndpointPatch, endpointRoutes, NewEndpoint } from '../contracts/endpoints';
import type { CatalogueOf } from '../event-types/catalogue-of';
import { webhookPlan } from '../plans';
import type { TargetPolicy } from '../post/target';
import { EndpointId, type EndpointRecord } from '../records/endpoint';
import { publicKeysOf } from '../signing/jwks';
import { newSigningKeys, rotated } from '../signing/secrets';
import type { Endpoints } from '../stores/endpoints';
import { assertTarget, changedFields, fieldsOf, NO_AUTHENTICATION, wrong } from './endpoint-fields';
import { auditView, type EndpointHealth, endpointView, HEALTHY, shownKeys } from './endpoint-view';
import { assertPins } from './pins';
import { type Content, type OpenSealing, openSealed, sealed } from './sealed';

export interface Registration {
  readonly changes: Changes;
  readonly endpoints: Endpoints;
  readonly catalogueOf: CatalogueOf;
  readonly sealing: OpenSealing;
  readonly policy: TargetPolicy;
  /** How endpoints do, by id. */
  healthOf(organisation: string, ids: readonly string[]): Promise<ReadonlyMap<string, EndpointHealth>>;
  /** Has somebody look, in a while, whether anything waits for an endpoint that is not there any more. */
  clearAway(endpoint: EndpointRecord): Promise<unknown>;
  /** Publishes the ping of a test to this endpoint alone; the event's id. */
  ping(endpoint: EndpointRecord): Promise<string>;
  nowMs(): number;
}

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
/** `we_` and 100 random bits. */
const newEndpointId = () => `we_${Array.from(randomBytes(20), (byte) => ALPHABET[byte & 31]).join('')}`;

const Created = z.object({ id: EndpointId });
const JUST_CHANGED = 'it was just changed';

export const endpointOperations = (deps: Registration): Operations<typeof endpointRoutes> => {
  const view = async (record: EndpointRecord) => {
    const [{ keys }, healths] = await Promise.all([
      deps.sealing().then((envelope) => openSealed(envelope, record)),
      deps.healthOf(record.organisation, [record.id]),
    ]);
    return endpointView(record, shownKeys(keys, deps.nowMs()), healths.get(record.id) ?? HEALTHY);
  };
  const find = async ({ organisation }: Principal, id: string, ifMatch?: number) => {
    const found = (await deps.endpoints.get(organisation, id)) ?? refuse('not_found');
    if (ifMatch !== undefined && ifMatch !== found.version) refuse('precondition_failed');
    return found;
  };
  /** The record and its audit entry; the record last, because it cannot be taken back. */
  const change = (call: Author, before: EndpointRecord, after: EndpointRecord, action: string) =>
    deps.changes.change(call, {}, async (tx) => {
      const target = `webhook:${after.id}`;
      tx.audit({ action, target, before: auditView(before), after: auditView(after) });
      if (!(await deps.endpoints.put(after))) refuse('conflict', JUST_CHANGED);
      return after;
    });
  return {
    async createEndpoint(call) {
      const { principal, body } = call;
      const { organisation } = principal;
      const record = await newEndpoint(deps, organisation, body);
      const creation = { operation: 'createEndpoint', content: body, kept: Created };
      const { id } = await deps.changes.create(call, creation, async (tx) => {
        await tx.query(ONE_AT_A_TIME, [organisation]);
        const { endpoints: most } = webhookPlan(principal.organisationPlan);
        if ((await deps.endpoints.list(organisation)).length >= most)
          refuse('conflict', `the plan has ${most} endpoints: delete one, or ask for a larger plan`);
        tx.audit({ action: 'webhook.created', target: `webhook:${record.id}`, after: auditView(record) });
        if (!(await deps.endpoints.put(record))) refuse('conflict', JUST_CHANGED);
        return { id: record.id };
      });
      // Read back, because the answer may be that of an earlier request.
      const made = await find(principal, id);
      const { keys } = openSealed(await deps.sealing(), made);
      const secret = keys.secrets[0]?.secret ?? '';
      const headers = { etag: etag(made.version), location: `/v1/webhooks/endpoints/${id}` };
      return new Answer({ ...(await view(made)), secret }, headers);
    },

    async listEndpoints({ principal, query }) {
      const { limit, after } = placeOf(EndpointId, query);
      const hidden = new Set(hiddenFrom(principal, 'webhooks:read'));
      const all = (await deps.endpoints.list(principal.organisation)).filter(
        ({ id }) => !hidden.has(`webhook:${id}`) && (after === undefined || id > after),
      );
      const shown = all.slice(0, limit + 1);
      const views = new Map(await Promise.all(shown.map(async (each) => [each.id, await view(each)] as const)));
      return page(
        shown,
        limit,
        ({ id }) => views.get(id) ?? refuse('internal'),
        ({ id }) => id,
      );
    },

    async getEndpoint({ principal, params }) {
      const found = await find(principal, params.id);
      return new Answer(await view(found), { etag: etag(found.version) });
    },

    async updateEndpoint(call) {
      const { principal, params, body, ifMatch } = call;
      if (Object.keys(body).length === 0) refuse('bad_request', 'body: names nothing to change');
      const before = await find(principal, params.id, ifMatch);
      const after = await change(call, before, await changedEndpoint(deps, before, body), 'webhook.changed');
      return new Answer(await view(after), { etag: etag(after.version) });
    },

    async deleteEndpoint(call) {
      const { principal, params, ifMatch } = call;
      const before = await find(principal, params.id, ifMatch);
      await deps.changes.change(call, {}, async (tx) => {
        tx.audit({ action: 'webhook.deleted', target: `webhook:${before.id}`, before: auditView(before) });
        // Who looks and finds it there all the same does nothing.
        await deps.clearAway(before);
        const done = await deps.endpoints.remove(before.organisation, before.id, before.version);
        if (!done) refuse('conflict', JUST_CHANGED);
      });
      return undefined;
    },

    async rotateEndpointSecret(call) {
      const { principal, params, body, ifMatch } = call;
      const before = await find(principal, params.id, ifMatch);
      const envelope = await deps.sealing();
      const content = openSealed(envelope, before);
      const nowMs = deps.nowMs();
      const keys = rotated(content.keys, { nowMs, ...body });
      const next = { ...before, sealed: sealed(envelope, before, { ...content, keys }) };
      const after = await change(call, before, nextVersion(next, nowMs), 'webhook.rotated');
      const secret = keys.secrets[0]?.secret ?? '';
      return new Answer({ secret, keys: shownKeys(keys, nowMs) }, { etag: etag(after.version) });
    },

    async testEndpoint({ principal, params }) {
      return { event: await deps.ping(await find(principal, params.id)) };
    },

    async getEndpointKeys({ params, query }) {
      const found = (await deps.endpoints.get(query.organisation, params.id)) ?? refuse('not_found');
      const { keys } = publicKeysOf(openSealed(await deps.sealing(), found).keys, deps.nowMs());
      return { keys: keys.map((key) => ({ ...key })) };
    },
  };
};

/** Of those who register endpoints of one tenant: the count holds until the new one is there. */
const ONE_AT_A_TIME = "select pg_advisory_xact_lock(hashtext('gatehouse.webhooks'), hashtext($1))";

const nextVersion = (record: EndpointRecord, nowMs: number): EndpointRecord => ({
  ...record,
  version: record.version + 1,
  updatedAtMs: nowMs,
});

async function newEndpoint(deps: Registration, organisation: string, body: NewEndpoint): Promise<EndpointRecord> {
  await assertPins(deps.catalogueOf, organisation, body.payloadVersions);
  const nowMs = deps.nowMs();
  const place = { organisation, id: newEndpointId() };
  const content: Content = {
    keys: newSigningKeys(body.secret),
    authentication: body.authentication ?? NO_AUTHENTICATION,
    headers: body.headers,
  };
  return checked(deps, {
    ...fieldsOf(body),
    ...place,
    state: body.state ?? 'enabled',
    stateSinceMs: nowMs,
    sealed: sealed(await deps.sealing(), place, content),
    version: 1,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
  });
}

async function changedEndpoint(
  deps: Registration,
  before: EndpointRecord,
  patch: EndpointPatch,
): Promise<EndpointRecord> {
  await assertPins(deps.catalogueOf, before.organisation, patch.payloadVersions);
  const nowMs = deps.nowMs();
  const envelope = await deps.sealing();
  const content = openSealed(envelope, before);
  const authentication = patch.authentication ?? content.authentication;
  const headers = patch.headers === undefined ? content.headers : (patch.headers ?? undefined);
  const state = patch.state ?? before.state;
  const next = {
    ...before,
    ...changedFields(before, patch),
    sealed: sealed(envelope, before, { ...content, authentication, headers }),
    ...(state !== before.state && { state, stateReason: undefined, stateSinceMs: nowMs }),
  };
  return checked(deps, nextVersion(next, nowMs));
}

function checked({ policy }: Registration, record: EndpointRecord): EndpointRecord {
  assertTarget('url', record.url, policy);
  const { authentication, headerNames = [] } = record;
  if (authentication.tokenUrl !== undefined) assertTarget('authentication.tokenUrl', authentication.tokenUrl, policy);
  if (authentication.kind !== 'none' && headerNames.some((name) => name.toLowerCase() === 'authorization'))
    wrong('headers', 'say who calls, as `authentication` does: leave one of them out');
  return record;
}
