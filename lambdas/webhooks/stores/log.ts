import * as z from 'zod/mini';
import { fromJson } from '../../shared/json';
import { Attempt, DeliveryRecord } from '../records/delivery';
import type { EndpointPlace } from '../records/endpoint-state';
import { EventRecord, hashIn } from '../records/event';
import { changeOf, conditionOf } from './expressions';
import type { Item, Key, Plain, Table } from './table';

/** Where a delivery waits, in the sparse index: `due#<shard>`, or `parked#…`, `held#…`, `dead#…` of an endpoint. */
export interface Waiting {
  readonly place: string;
  /** When it is due; else the event's id, so that what waits is in the order of events. */
  readonly at: string;
}

/** Who makes an attempt: the id of the queue's message, which is the same when the queue gives it out again. */
export interface Claim {
  readonly by: string;
  /** The attempt's number. */
  readonly number: number;
  readonly nowMs: number;
  /** Until when nobody else may: the attempt's time limit, and some. */
  readonly untilMs: number;
}

export interface Log {
  /** The event that stands there: this one, or the one that the same key has made before. */
  putEvent(event: EventRecord): Promise<{ readonly event: EventRecord; readonly isNew: boolean }>;
  event(organisation: string, id: string): Promise<EventRecord | undefined>;
  delivery(organisation: string, endpoint: string, event: string): Promise<DeliveryRecord | undefined>;
  /** Of these endpoints, those there are. */
  deliveriesOf(organisation: string, event: string, endpoints: readonly string[]): Promise<readonly DeliveryRecord[]>;
  /** Writes the delivery as it now is. With `unlessThere` it leaves one that is there, and says so. */
  putDelivery(delivery: DeliveryRecord, waiting: Waiting | undefined, unlessThere?: boolean): Promise<boolean>;
  /** The delivery, if this attempt is its next one and nobody else makes it; nothing otherwise. */
  claim(organisation: string, endpoint: string, event: string, claim: Claim): Promise<DeliveryRecord | undefined>;
  /** Leaves an attempt that was claimed under this name to the next message. */
  release(organisation: string, endpoint: string, event: string, by: string): Promise<void>;
  /** Takes a delivery out of where it waits; nothing where it does not wait there any more. */
  leave(delivery: DeliveryRecord, from: Waiting): Promise<void>;
  /** Writes a delivery that waits elsewhere from now on, or for nothing. False where it does not wait there any more. */
  move(delivery: DeliveryRecord, from: Waiting, to: Waiting | undefined): Promise<boolean>;
  /** Writes a delivery that begins anew, unless an attempt has ended since it was read, or is being made: false then. */
  restart(delivery: DeliveryRecord, waiting: Waiting, nowMs: number): Promise<boolean>;
  putAttempt(delivery: DeliveryRecord, attempt: Attempt): Promise<void>;
  attempts(organisation: string, endpoint: string, event: string): Promise<readonly Attempt[]>;
}

export const WAITS = 'waits';

const Doc = <S extends z.ZodMiniType>(schema: S) => z.object({ doc: z.pipe(fromJson, schema) });
/** What endpoints are sent stands beside the rest: as JSON within JSON it would be a fifth longer. */
const StoredEvent = z.object({
  doc: z.pipe(fromJson, z.record(z.string(), z.unknown())),
  body: z.string(),
});
function eventIn(item: Item): EventRecord {
  const { doc, body } = StoredEvent.parse(item);
  return EventRecord.parse({ ...doc, body });
}
const StoredDelivery = Doc(DeliveryRecord);
const StoredAttempt = Doc(Attempt);

const eventKey = (organisation: string, id: string): Key => ({
  pk: `event#${organisation}#${hashIn(id)}`,
  sk: 'event',
});
export const DELIVERIES = 'deliveries#';
export const deliveriesAt = (organisation: string, endpoint: string) => `${DELIVERIES}${organisation}#${endpoint}`;
const deliveryKey = (organisation: string, endpoint: string, event: string): Key => ({
  pk: deliveriesAt(organisation, endpoint),
  sk: event,
});
const attemptsAt = (organisation: string, endpoint: string, event: string) =>
  `attempts#${organisation}#${endpoint}#${event}`;

/** Whose deliveries stand in this partition. */
export function endpointIn(pk: string): EndpointPlace {
  const [, organisation = '', id = ''] = pk.split('#');
  return { organisation, id };
}

export const deliveryIn = (item: Item): DeliveryRecord => StoredDelivery.parse(item).doc;

const attributesOf = (delivery: DeliveryRecord, waiting: Waiting | undefined): Plain => ({
  state: delivery.state,
  attempts: delivery.attempts,
  type: delivery.type,
  doc: JSON.stringify(delivery),
  waits: waiting?.place,
  at: waiting?.at,
  expiresAtSeconds: delivery.expiresAtSeconds,
});

export function logIn(table: Table): Log {
  const readEvent = async (organisation: string, id: string, consistent: boolean) => {
    const item = await table.get(eventKey(organisation, id), { consistent });
    return item && eventIn(item);
  };
  return {
    async putEvent(event) {
      const key = eventKey(event.organisation, event.id);
      const { body, ...doc } = event;
      const attributes = { doc: JSON.stringify(doc), body, expiresAtSeconds: doc.expiresAtSeconds };
      if (await table.put(key, attributes, { text: 'attribute_not_exists(pk)' })) return { event, isNew: true };
      const before = await readEvent(event.organisation, event.id, true);
      // It was there a moment ago, and its time was over.
      return before ? { event: before, isNew: false } : { event, isNew: await table.put(key, attributes) };
    },
    event: (organisation, id) =>
      readEvent(organisation, id, false).then((found) => (found?.id === id ? found : undefined)),
    async delivery(organisation, endpoint, event) {
      const item = await table.get(deliveryKey(organisation, endpoint, event), { consistent: true });
      return item && deliveryIn(item);
    },
    async deliveriesOf(organisation, event, endpoints) {
      const keys = endpoints.map((endpoint) => deliveryKey(organisation, endpoint, event));
      const found: DeliveryRecord[] = [];
      for (let from = 0; from < keys.length; from += 100)
        found.push(...(await table.getMany(keys.slice(from, from + 100))).map(deliveryIn));
      return found;
    },
    putDelivery: (delivery, waiting, unlessThere = false) =>
      table.put(
        deliveryKey(delivery.organisation, delivery.endpoint, delivery.event),
        attributesOf(delivery, waiting),
        unlessThere ? { text: 'attribute_not_exists(pk)' } : undefined,
      ),
    async release(organisation, endpoint, event, by) {
      const gone = changeOf({ set: { claim: undefined, claimUntilMs: undefined } });
      await table.update(deliveryKey(organisation, endpoint, event), gone, conditionOf({ claim: by }));
    },
    async leave({ organisation, endpoint, event }, { place, at }) {
      const gone = changeOf({ set: { waits: undefined, at: undefined } });
      await table.update(deliveryKey(organisation, endpoint, event), gone, conditionOf({ waits: place, at }));
    },
    move: (delivery, { place, at }, to) =>
      table.put(
        deliveryKey(delivery.organisation, delivery.endpoint, delivery.event),
        attributesOf(delivery, to),
        conditionOf({ waits: place, at, attempts: delivery.attempts }),
      ),
    restart: (delivery, waiting, nowMs) =>
      table.put(
        deliveryKey(delivery.organisation, delivery.endpoint, delivery.event),
        attributesOf(delivery, waiting),
        {
          text: '#attempts = :made AND (attribute_not_exists(#claimUntilMs) OR #claimUntilMs < :now)',
          names: ['attempts', 'claimUntilMs'],
          values: { made: delivery.attempts, now: nowMs },
        },
      ),
    async claim(organisation, endpoint, event, { by, number, nowMs, untilMs }) {
      const item = await table.update(
        deliveryKey(organisation, endpoint, event),
        {
          text: 'SET #claim = :by, #claimUntilMs = :until REMOVE #waits, #at',
          names: ['claim', 'claimUntilMs', 'waits', 'at'],
          values: { by, until: untilMs },
        },
        {
          text: '#attempts = :made AND (attribute_not_exists(#claim) OR #claim = :by OR #claimUntilMs < :now)',
          names: ['attempts'],
          values: { made: number - 1, now: nowMs },
        },
      );
      return item && deliveryIn(item);
    },
    async putAttempt({ organisation, endpoint, event, expiresAtSeconds }, attempt) {
      const sk = String(attempt.number).padStart(6, '0');
      const key = { pk: attemptsAt(organisation, endpoint, event), sk };
      await table.put(key, { doc: JSON.stringify(attempt), expiresAtSeconds });
    },
    async attempts(organisation, endpoint, event) {
      const { items } = await table.query({
        key: { text: 'pk = :pk', values: { pk: attemptsAt(organisation, endpoint, event) } },
      });
      return items.map((item) => StoredAttempt.parse(item).doc);
    },
  };
}
