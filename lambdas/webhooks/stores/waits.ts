import type { DeliveryRecord } from '../records/delivery';
import type { Due } from '../sweeping/due';
import { deliveryIn, WAITS } from './log';
import type { Item, Table } from './table';
import { duePlace } from './waiting';

interface DuePage {
  readonly items: readonly Due[];
  /** Where the next page begins; nothing on the last. */
  readonly last: Item | undefined;
}

/** What waits, by the index of the log. It may be a moment behind what is written. */
export interface Waits {
  /** Of one shard, whatever is due by then: what has waited longest first. */
  due(shard: number, untilMs: number, after: Item | undefined): Promise<DuePage>;
  /** The oldest deliveries at a place. */
  oldest(place: string, limit: number): Promise<readonly DeliveryRecord[]>;
}

const PAGE = 200;
const MOST_KEYS = 100;

export const waitsIn = (table: Table): Waits => ({
  async due(shard, untilMs, after) {
    const { items, last } = await table.query({
      index: WAITS,
      key: {
        text: '#waits = :place AND #at <= :until',
        names: ['waits', 'at'],
        values: { place: duePlace(shard), until: new Date(untilMs).toISOString() },
      },
      limit: PAGE,
      after,
    });
    return { items: items.map(({ pk, sk, at }) => ({ pk: String(pk), sk: String(sk), at: String(at) })), last };
  },
  async oldest(place, limit) {
    const keys: { readonly pk: string; readonly sk: string }[] = [];
    let after: Item | undefined;
    do {
      const page = await table.query({
        index: WAITS,
        key: { text: '#waits = :place', names: ['waits'], values: { place } },
        limit: limit - keys.length,
        after,
      });
      keys.push(...page.items.map(({ pk, sk }) => ({ pk: String(pk), sk: String(sk) })));
      after = page.last;
    } while (after && keys.length < limit);
    const found: DeliveryRecord[] = [];
    for (let from = 0; from < keys.length; from += MOST_KEYS)
      found.push(...(await table.getMany(keys.slice(from, from + MOST_KEYS))).map(deliveryIn));
    return found.toSorted((a, b) => (a.event < b.event ? -1 : 1));
  },
});
