import * as z from 'zod/mini';
import type { Author, Changes, Tx } from '../../shared/access/change';
import { permits } from '../../shared/access/permissions';
import type { Principal } from '../../shared/access/principal';
import { refuse } from '../../shared/errors';
import { page, placeOf } from '../../shared/http/page';
import type { Operations } from '../../shared/http/route';
import type { eventTypeRoutes } from '../contracts/event-types';
import { type EventTypeRecord, PLATFORM } from '../records/event-type';
import type { Endpoints } from '../stores/endpoints';
import type { EventTypes } from '../stores/event-types';
import { assertAdmitted, assertRoom } from './admission';
import { auditedType, listedType, newRecord, typeView } from './type-view';

export interface TypeDeps {
  readonly changes: Changes;
  readonly types: EventTypes;
  readonly endpoints: Endpoints;
  nowMs(): number;
}

/** Of those who change one catalogue: what it was held against is still there when it is written. */
const ONE_AT_A_TIME = "select pg_advisory_xact_lock(hashtext('gatehouse.event-types'), hashtext($1))";
const Place = z.tuple([z.string(), z.int()]);

export const eventTypeOperations = (deps: TypeDeps): Operations<typeof eventTypeRoutes> => {
  /** Changes one catalogue; what it was before is read when nobody else can change it. */
  const change = <T>(call: Author, owner: string, work: (tx: Tx, all: readonly EventTypeRecord[]) => Promise<T>) =>
    deps.changes.change(call, {}, async (tx) => {
      await tx.query(ONE_AT_A_TIME, [owner]);
      return work(tx, await deps.types.list(owner));
    });
  return {
    async putEventType(call) {
      const { principal, params, query, body } = call;
      const owner = ownerOf(principal, query.catalogue);
      return change(call, owner, async (tx, all) => {
        const before = all.find(({ type }) => type.name === params.name && type.version === params.version);
        const record = newRecord(owner, params, body, before, deps.nowMs());
        await assertAdmitted(all, record.type);
        assertRoom(all, record);
        const action = before ? 'event_type.changed' : 'event_type.created';
        tx.audit({
          action,
          target: targetOf(record),
          before: before && auditedType(before),
          after: auditedType(record),
        });
        await deps.types.put(record);
        return typeView(record);
      });
    },

    async listEventTypes({ principal, query }) {
      const { limit, after } = placeOf(Place, query);
      const own = query.catalogue === 'platform' ? [] : await deps.types.list(principal.organisation);
      const common = query.catalogue === 'own' ? [] : await deps.types.list(PLATFORM);
      const names = new Set(own.map(({ type }) => type.name));
      const all = [...own, ...common.filter(({ type }) => !names.has(type.name))].toSorted(inOrder);
      const rest = all.filter(({ type }) => after === undefined || isAfter(type, after));
      return page(rest, limit, listedType, ({ type }) => [type.name, type.version]);
    },

    async getEventType({ principal, params, query }) {
      return typeView((await find(deps.types, principal, params, query.catalogue)) ?? refuse('not_found'));
    },

    async deleteEventType(call) {
      const { principal, params } = call;
      const { organisation } = principal;
      await change(call, organisation, async (tx, all) => {
        const versions = all.filter(({ type }) => type.name === params.name);
        const record = versions.find(({ type }) => type.version === params.version) ?? refuse('not_found');
        if (record !== versions.at(-1)) refuse('conflict', 'there are newer versions: only the newest can be deleted');
        const pinning = (await deps.endpoints.list(organisation)).filter(
          ({ payloadVersions = {} }) =>
            Object.hasOwn(payloadVersions, params.name) && payloadVersions[params.name] === params.version,
        );
        if (pinning[0]) refuse('conflict', `${pinning.length} endpoints pin it, ${pinning[0].id} among them`);
        tx.audit({ action: 'event_type.deleted', target: targetOf(record), before: auditedType(record) });
        await deps.types.remove(record);
      });
      return undefined;
    },
  };
};

const targetOf = ({ type }: EventTypeRecord) => `event_type:${type.name}#${type.version}`;

function ownerOf(principal: Principal, catalogue: 'own' | 'platform' = 'own'): string {
  if (catalogue === 'own') return principal.organisation;
  if (!permits(principal, 'events:operate')) refuse('forbidden', 'needs the permission events:operate');
  return PLATFORM;
}

interface Named {
  readonly name: string;
  readonly version: number;
}

/** Its own, else the operator's: a name of its own hides all versions of the operator's. */
async function find(types: EventTypes, { organisation }: Principal, wanted: Named, catalogue: string | undefined) {
  if (catalogue === 'platform') return types.get(PLATFORM, wanted.name, wanted.version);
  const own = await types.get(organisation, wanted.name, wanted.version);
  if (own || catalogue === 'own') return own;
  const hides = (await types.list(organisation)).some(({ type }) => type.name === wanted.name);
  return hides ? undefined : types.get(PLATFORM, wanted.name, wanted.version);
}

const isAfter = ({ name, version }: Named, [lastName, lastVersion]: z.output<typeof Place>) =>
  name === lastName ? version > lastVersion : name > lastName;
const inOrder = ({ type: left }: EventTypeRecord, { type: right }: EventTypeRecord) =>
  isAfter(left, [right.name, right.version]) ? 1 : -1;
