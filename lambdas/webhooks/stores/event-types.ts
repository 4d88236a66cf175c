import * as z from 'zod/mini';
import { fromJson } from '../../shared/json';
import { EventTypeRecord } from '../records/event-type';
import { announce, routingVersion } from './endpoints';
import type { Item, Table } from './table';

/** Catalogues of event types, in the table of settings: those of tenants, and the operator's. */
export interface EventTypes {
  /** All versions of an owner's types, by name and number. */
  list(owner: string): Promise<readonly EventTypeRecord[]>;
  get(owner: string, name: string, version: number): Promise<EventTypeRecord | undefined>;
  put(record: EventTypeRecord): Promise<void>;
  remove(record: EventTypeRecord): Promise<void>;
  /** A number that every change of an owner's types raises. */
  routingVersion(owner: string): Promise<number>;
}

const Stored = z.object({ doc: z.pipe(fromJson, EventTypeRecord) });
const typeIn = (item: Item): EventTypeRecord => Stored.parse(item).doc;

/** Numbers of one length sort as they are. */
const keyOf = (owner: string, name: string, version: number) => ({
  pk: owner,
  sk: `type#${name}#${String(version).padStart(4, '0')}`,
});

export function eventTypesIn(table: Table): EventTypes {
  return {
    async list(owner) {
      const found: EventTypeRecord[] = [];
      let after: Item | undefined;
      do {
        const page = await table.query({
          key: { text: 'pk = :pk and begins_with(sk, :type)', values: { pk: owner, type: 'type#' } },
          consistent: true,
          after,
        });
        found.push(...page.items.map(typeIn));
        after = page.last;
      } while (after);
      return found;
    },
    async get(owner, name, version) {
      const item = await table.get(keyOf(owner, name, version), { consistent: true });
      return item && typeIn(item);
    },
    async put(record) {
      const { owner, type } = record;
      await table.put(keyOf(owner, type.name, type.version), { doc: JSON.stringify(record) });
      await announce(table, owner);
    },
    async remove({ owner, type }) {
      await table.remove(keyOf(owner, type.name, type.version));
      await announce(table, owner);
    },
    routingVersion: (owner) => routingVersion(table, owner),
  };
}
