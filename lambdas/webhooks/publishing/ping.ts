import { DAY_SECONDS } from '../plans';
import type { EndpointRecord } from '../records/endpoint';
import { eventId, hashOf } from '../records/event';
import { outgoing } from '../stores/lanes';
import type { Publishing } from './publish';

export const PING = 'gatehouse.ping';

/** How long a test is kept. */
const KEPT_SECONDS = DAY_SECONDS;

/** An event for one endpoint alone, whatever it has subscribed to: it goes the way of all others. */
export async function ping({ log, lanes, nowMs }: Publishing, endpoint: EndpointRecord): Promise<string> {
  const { organisation, id } = endpoint;
  const atMs = nowMs();
  const event = eventId(atMs, hashOf(organisation, undefined));
  const expiresAtSeconds = Math.floor(atMs / 1000) + KEPT_SECONDS;
  const timestamp = new Date(atMs).toISOString();
  const body = JSON.stringify({ id: event, type: PING, version: 1, timestamp, data: { endpoint: id } });
  const record = { id: event, organisation, type: PING, version: 1, atMs, body, to: [id], digest: event };
  await log.putEvent({ ...record, expiresAtSeconds });
  const attempt = { organisation, endpoint: id, event, number: 1, trigger: 'test', type: PING } as const;
  const failed = await lanes.deliveries([outgoing({ ...attempt, expiresAtSeconds, body })]);
  if (failed.length > 0) throw new Error('the queue of deliveries did not take a message');
  return event;
}
