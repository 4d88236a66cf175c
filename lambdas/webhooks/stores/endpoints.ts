import * as z from 'zod/mini';
import { fromJson } from '../../shared/json';
import { EndpointRecord } from '../records/endpoint';
import type { Item, Table } from './table';

/** The endpoints of tenants, in the table of settings. */
export interface Endpoints {
  get(organisation: string, id: string): Promise<EndpointRecord | undefined>;
  /** All of a tenant, by id. */
  list(organisation: string): Promise<readonly EndpointRecord[]>;
  /** Writes it unless one of this version, or a later one, stands there: false then. */
  put(endpoint: EndpointRecord): Promise<boolean>;
  /** False where it is not at this version any more. */
  remove(organisation: string, id: string, version: number): Promise<boolean>;
  /** A number that every change of a tenant's endpoints raises. */
  routingVersion(organisation: string): Promise<number>;
}

const Stored = z.object({ doc: z.pipe(fromJson, EndpointRecord) });
const Routing = z.object({ routing: z.int() });

const keyOf = (organisation: string, id: string) => ({ pk: organisation, sk: `endpoint#${id}` });
const routingKey = (organisation: string) => ({ pk: organisation, sk: 'routing' });
const endpointIn = (item: Item): EndpointRecord => Stored.parse(item).doc;

/**
 * After a change: whoever reads the number after it reads the change too. Who dies in between leaves an old number, and
 * publishers read all again after a minute (publishing/kept.ts).
 */
export const announce = (table: Table, owner: string) =>
  table.update(routingKey(owner), { text: 'ADD #routing :one', names: ['routing'], values: { one: 1 } });

export async function routingVersion(table: Table, owner: string): Promise<number> {
  const item = await table.get(routingKey(owner), { consistent: true });
  return item ? Routing.parse(item).routing : 0;
}

export function endpointsIn(table: Table): Endpoints {
  return {
    async get(organisation, id) {
      const item = await table.get(keyOf(organisation, id));
      return item && endpointIn(item);
    },
    async list(organisation) {
      const found: EndpointRecord[] = [];
      let after: Item | undefined;
      do {
        const page = await table.query({
          key: { text: 'pk = :pk and begins_with(sk, :endpoint)', values: { pk: organisation, endpoint: 'endpoint#' } },
          consistent: true,
          after,
        });
        found.push(...page.items.map(endpointIn));
        after = page.last;
      } while (after);
      return found;
    },
    async put(endpoint) {
      const { organisation, id, version } = endpoint;
      const done = await table.put(
        keyOf(organisation, id),
        { version, doc: JSON.stringify(endpoint) },
        version === 1
          ? { text: 'attribute_not_exists(pk)' }
          : { text: '#version = :before', names: ['version'], values: { before: version - 1 } },
      );
      if (done) await announce(table, organisation);
      return done;
    },
    async remove(organisation, id, version) {
      const condition = { text: '#version = :version', names: ['version'], values: { version } };
      const done = await table.remove(keyOf(organisation, id), condition);
      if (done) await announce(table, organisation);
      return done;
    },
    routingVersion: (organisation) => routingVersion(table, organisation),
  };
}
