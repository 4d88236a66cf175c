import { createHash } from 'node:crypto';
import type { EndpointRecord } from '../records/endpoint';
import { type EventRecord, eventId, hashOf } from '../records/event';
import type { AttemptMessage } from '../records/message';
import { type Lanes, outgoing } from '../stores/lanes';
import type { Log } from '../stores/log';
import { heldAt } from '../stores/waiting';
import { bodyFor, isServed, type Older } from './body-for';
import { inTurns } from './in-turns';
import type { RoutingOf } from './routing-of';
import type { SentEvents } from './sent-events';

/** An event that has been looked at: its type is known, and its data fits. */
export interface Draft {
  readonly type: string;
  readonly version: number;
  readonly channel?: string | undefined;
  readonly timestamp: string;
  readonly data: unknown;
  /** The caller's key: the same key is the same event. */
  readonly key: string | undefined;
  /** The version that the caller named; nothing where it is the newest that is meant, whichever that is by then. */
  readonly asked?: number | undefined;
  /** What endpoints that pin an earlier version get. */
  readonly older?: Older | undefined;
}

export type Published =
  | { readonly outcome: 'accepted' | 'repeated'; readonly event: EventRecord }
  | { readonly outcome: 'conflict' | 'away' };

export interface Publishing {
  readonly log: Log;
  readonly lanes: Lanes;
  readonly routingOf: RoutingOf;
  readonly sent: SentEvents;
  nowMs(): number;
}

/** Puts under way at the same time. */
const AT_ONCE = 32;

/**
 * Takes events of one tenant: each is written, then routed, then on its way; only then it is accepted. Who dies in between
 * has accepted nothing, and the caller's next try with the same key goes on where it ended.
 */
export async function publish(
  deps: Publishing,
  organisation: string,
  drafts: readonly Draft[],
  retentionSeconds: number,
): Promise<readonly Published[]> {
  const routing = await deps.routingOf(organisation);
  const taken = await inTurns(drafts, AT_ONCE, async (draft) => {
    const targets = routing.route(draft).filter((target) => isServed(draft, target));
    const event = eventOf(organisation, draft, targets, deps.nowMs(), retentionSeconds);
    return { ...(await deps.log.putEvent(event)), targets, digest: event.digest };
  });
  const same = taken.filter(({ event, digest }) => event.digest === digest);
  const fresh = same.filter(({ isNew }) => isNew);
  const unsent = await notSent(
    deps,
    same.filter(({ isNew }) => !isNew).map(({ event }) => event),
  );
  const lost = await send(deps, [
    ...fresh.map(({ event, targets }) => ({ event, targets, again: false })),
    ...unsent.map(({ event, missing }) => {
      const targets = missing.map((id) => routing.byId.get(id)).filter((each) => each !== undefined);
      return { event, targets, again: true };
    }),
  ]);
  return taken.map(({ event, digest, isNew }) => {
    if (event.digest !== digest) return { outcome: 'conflict' };
    if (lost.has(event.id)) return { outcome: 'away' };
    return { outcome: isNew ? 'accepted' : 'repeated', event };
  });
}

function eventOf(
  organisation: string,
  draft: Draft,
  targets: readonly EndpointRecord[],
  atMs: number,
  retentionSeconds: number,
): EventRecord {
  const { type, version, channel, timestamp, data, key, older } = draft;
  const id = eventId(atMs, hashOf(organisation, key));
  return {
    id,
    organisation,
    type,
    version,
    channel,
    atMs,
    body: JSON.stringify({ id, type, version, timestamp, data }),
    down: older?.down,
    to: targets.map((target) => target.id),
    digest: digestOf(draft),
    expiresAtSeconds: Math.floor(atMs / 1000) + retentionSeconds,
  };
}

/** The timestamp is the caller's where it is part of what was sent; else it is ours, and says nothing. */
const digestOf = ({ type, asked, channel, data }: Draft): string =>
  createHash('sha256')
    .update(JSON.stringify([type, asked ?? null, channel ?? null, data]))
    .digest('base64url');

interface Unsent {
  readonly event: EventRecord;
  readonly missing: readonly string[];
}

/** Of events that were here before: the endpoints whose deliveries may never have been sent off. */
async function notSent({ log, sent }: Publishing, events: readonly EventRecord[]): Promise<readonly Unsent[]> {
  const isSent = await sent.are(events.map(({ id }) => id));
  const open = events.filter((event, index) => isSent[index] !== true && event.to.length > 0);
  return inTurns(open, AT_ONCE, async (event) => {
    const found = await log.deliveriesOf(event.organisation, event.id, event.to);
    const there = new Set(found.map(({ endpoint }) => endpoint));
    return { event, missing: event.to.filter((id) => !there.has(id)) };
  });
}

interface Sending {
  readonly event: EventRecord;
  readonly targets: readonly EndpointRecord[];
  readonly again: boolean;
}

/** Sends all deliveries off; the ids of events of which some were not. */
async function send(deps: Publishing, sendings: readonly Sending[]): Promise<ReadonlySet<string>> {
  const all = sendings.flatMap(({ event, targets, again }) =>
    targets.map((target) => ({ event, target, message: firstMessage(event, target, again) })),
  );
  const held = all.filter(({ target }) => target.state !== 'enabled');
  const going = all.filter(({ target }) => target.state === 'enabled');
  const lost = new Set<string>();
  await inTurns(held, AT_ONCE, ({ event, target }) => hold(deps.log, event, target));
  for (const lane of ['deliveries', 'bulk'] as const) {
    const those = going.filter(({ target }) => (target.batch ? 'bulk' : 'deliveries') === lane);
    for (const place of await deps.lanes[lane](those.map(({ message }) => outgoing(message)))) {
      const missed = those[place];
      if (missed) lost.add(missed.event.id);
    }
  }
  await deps.sent.note(sendings.map(({ event }) => event.id).filter((id) => !lost.has(id)));
  return lost;
}

/** SQS counts in pieces of 64 KB: what is longer is read from the event by whoever sends it. */
const MOST_INLINE_BYTES = 60_000;

function firstMessage(event: EventRecord, target: EndpointRecord, again: boolean): AttemptMessage {
  const body = bodyFor(event, target);
  return {
    organisation: event.organisation,
    endpoint: target.id,
    event: event.id,
    number: 1,
    trigger: 'event',
    type: event.type,
    expiresAtSeconds: event.expiresAtSeconds,
    ...(Buffer.byteLength(body) <= MOST_INLINE_BYTES && { body }),
    again,
  };
}

const hold = (log: Log, { organisation, id, type, expiresAtSeconds }: EventRecord, { id: endpoint }: EndpointRecord) =>
  log.putDelivery(
    { organisation, endpoint, event: id, type, state: 'held', attempts: 0, tries: 0, expiresAtSeconds },
    heldAt(organisation, endpoint, id),
    true,
  );
