import * as z from 'zod/mini';
import { fromJson } from '../../shared/json';
import { applyDown, type Transforms } from '../event-types/transforms';
import type { EndpointRecord } from '../records/endpoint';
import type { EventRecord } from '../records/event';

/** How the data of an event becomes that of earlier versions of its type. */
export interface Older {
  /** The oldest version that no break parts from the event's: endpoints that pin an older one do not get it. */
  readonly reach: number;
  /** By version, as far back as versions are served. */
  readonly down: Readonly<Record<string, Transforms>>;
}

interface Versioned {
  readonly type: string;
  readonly version: number;
}

/** The version that the endpoint pins, where it is older than the event's. */
function olderPin({ type, version }: Versioned, { payloadVersions = {} }: EndpointRecord): number | undefined {
  const pin = Object.hasOwn(payloadVersions, type) ? payloadVersions[type] : undefined;
  return pin !== undefined && pin < version ? pin : undefined;
}

/** Whether the endpoint can read the event: no break lies between it and the version that the endpoint pins. */
export function isServed(event: Versioned & { readonly older?: Older | undefined }, endpoint: EndpointRecord): boolean {
  const pin = olderPin(event, endpoint);
  return pin === undefined || event.older === undefined || pin >= event.older.reach;
}

/** As publish.ts writes it, in this order. */
const Body = z.pipe(
  fromJson,
  z.object({ id: z.string(), type: z.string(), version: z.int(), timestamp: z.string(), data: z.unknown() }),
);

/** One event goes to many endpoints, of which many pin the same version. */
const made = new WeakMap<EventRecord, Map<number, string>>();

/** What this endpoint is sent of an event. A pin older than what is served gets the oldest that is. */
export function bodyFor(event: EventRecord, endpoint: EndpointRecord): string {
  const pin = olderPin(event, endpoint);
  const served = Object.keys(event.down ?? {}).map(Number);
  if (pin === undefined || served.length === 0) return event.body;
  const version = Math.max(pin, Math.min(...served));
  const bodies = made.get(event) ?? new Map<number, string>();
  made.set(event, bodies);
  const body = bodies.get(version) ?? bodyOf(event, version);
  bodies.set(version, body);
  return body;
}

function bodyOf({ body, down }: EventRecord, version: number): string {
  const whole = Body.parse(body);
  const transforms = down?.[String(version)] ?? [];
  return JSON.stringify({ ...whole, version, data: applyDown(whole.data, transforms) });
}
