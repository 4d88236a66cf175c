import type { DeliveryRecord, DeliveryState } from '../records/delivery';
import { firstIdAt } from '../records/event';
import { deliveriesAt, deliveryIn, WAITS } from './log';
import type { Expression, Item, Table } from './table';
import { placeOf } from './waiting';

export interface Wanted {
  readonly organisation: string;
  readonly endpoint: string;
  readonly state?: DeliveryState | undefined;
  readonly type?: string | undefined;
  /** By the time at which events were taken. */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  /** Only events before this one: the list goes back in time. */
  readonly before?: string | undefined;
  readonly limit: number;
}

interface Listed {
  readonly deliveries: readonly DeliveryRecord[];
  /** The event before which the list goes on; nothing at its end. */
  readonly next: string | undefined;
}

/** States of which the index holds all: they are found without reading what was delivered in between. */
const INDEXED: readonly string[] = ['dead', 'held', 'parked'];
/** Reads of one call: a list that finds little for so long says how far it has come. */
const MOST_READS = 10;
const FIRST = 'evt_';
/** After every id. */
const LAST = 'evt_~';

/** The deliveries of an endpoint, the newest events first. */
export async function listDeliveries(table: Table, wanted: Wanted): Promise<Listed> {
  const found: DeliveryRecord[] = [];
  let before = wanted.before;
  for (let read = 0; read < MOST_READS; read += 1) {
    const page = await readPage(table, { ...wanted, before });
    for (const delivery of page.deliveries) {
      if (found.length === wanted.limit) return { deliveries: found, next: found.at(-1)?.event };
      found.push(delivery);
    }
    if (page.next === undefined) return { deliveries: found, next: undefined };
    before = page.next;
  }
  return { deliveries: found, next: before };
}

const readPage = (table: Table, wanted: Wanted) =>
  INDEXED.includes(wanted.state ?? '') ? readIndex(table, wanted) : readEndpoint(table, wanted);

/** From the first to the last id that is wanted, both included: before an id is up to what sorts just before it. */
const range = ({ fromMs, toMs, before }: Wanted) => {
  const last = toMs === undefined ? LAST : `${firstIdAt(toMs)}~`;
  return {
    from: fromMs === undefined ? FIRST : firstIdAt(fromMs),
    to: before !== undefined && before < last ? before : last,
  };
};

async function readEndpoint(table: Table, wanted: Wanted): Promise<Listed> {
  const { organisation, endpoint, limit, before } = wanted;
  const { from, to } = range(wanted);
  if (from > to) return { deliveries: [], next: undefined };
  const { items, last } = await table.query({
    key: {
      text: 'pk = :pk AND sk BETWEEN :from AND :to',
      values: { pk: deliveriesAt(organisation, endpoint), from, to },
    },
    filter: filterOf(wanted),
    descending: true,
    // What is before is read too, and the one that tells whether there is more.
    limit: limit + 2,
  });
  return { deliveries: items.map(deliveryIn).filter(({ event }) => event !== before), next: last && String(last.sk) };
}

function filterOf({ state, type }: Wanted): Expression | undefined {
  const parts = [...(state === undefined ? [] : ['#state = :state']), ...(type === undefined ? [] : ['#type = :type'])];
  if (parts.length === 0) return undefined;
  const names = [...(state === undefined ? [] : ['state']), ...(type === undefined ? [] : ['type'])];
  return { text: parts.join(' AND '), names, values: { state, type } };
}

async function readIndex(table: Table, wanted: Wanted): Promise<Listed> {
  const { organisation, endpoint, state = '', type, limit, before } = wanted;
  const { from, to } = range(wanted);
  if (from > to) return { deliveries: [], next: undefined };
  const { items, last } = await table.query({
    index: WAITS,
    key: {
      text: '#waits = :place AND #at BETWEEN :from AND :to',
      names: ['waits', 'at'],
      values: { place: placeOf(state, organisation, endpoint), from, to },
    },
    descending: true,
    limit: limit + 2,
  });
  const keys = items.filter(({ sk }) => sk !== before).map(({ pk, sk }: Item) => ({ pk: String(pk), sk: String(sk) }));
  const deliveries = (keys.length === 0 ? [] : await getAll(table, keys))
    .filter((delivery) => delivery.state === state && (type === undefined || delivery.type === type))
    .toSorted((a, b) => (a.event < b.event ? 1 : -1));
  return { deliveries, next: last && String(last.sk) };
}

async function getAll(table: Table, keys: readonly { readonly pk: string; readonly sk: string }[]) {
  const found: DeliveryRecord[] = [];
  for (let from = 0; from < keys.length; from += 100)
    found.push(...(await table.getMany(keys.slice(from, from + 100))).map(deliveryIn));
  return found;
}
