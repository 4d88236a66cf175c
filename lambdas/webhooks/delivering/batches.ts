import { hashOf } from '../records/event';
import type { AttemptMessage } from '../records/message';
import type { EndpointFields } from '../registration/fields';
import type { EndpointOf } from './known-endpoints';

export const BATCH = 'gatehouse.batch';
const MOST_BYTES = 256 * 1024;
/** What is around the events of a batch. */
const FRAME_BYTES = 100;

interface Attempted {
  readonly message: AttemptMessage;
}

/**
 * The attempts of one run that are made together: first attempts for an endpoint that takes batches. Whatever comes again
 * comes by itself, so that an event which its endpoint cannot take does not keep others from it.
 */
export async function gathered<T extends Attempted>(
  endpointOf: EndpointOf,
  all: readonly T[],
): Promise<readonly (readonly T[])[]> {
  const batching = await takingBatches(endpointOf, all);
  if (batching.size === 0) return all.map((each) => [each]);
  const groups = new Map<string | number, T[]>();
  for (const [place, each] of all.entries()) {
    const name = each.message.trigger === 'event' && batching.has(nameOf(each)) ? nameOf(each) : place;
    const group = groups.get(name) ?? [];
    group.push(each);
    groups.set(name, group);
  }
  return [...groups.values()];
}

const nameOf = ({ message }: Attempted) => `${message.organisation}#${message.endpoint}`;

/** The names of endpoints that take batches, of those that have first attempts here. */
async function takingBatches(endpointOf: EndpointOf, all: readonly Attempted[]): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  let last: AttemptMessage | undefined;
  for (const { message } of all) {
    if (message.trigger !== 'event' || isSameEndpoint(message, last)) continue;
    last = message;
    // Who cannot be read now fails the attempts one by one.
    const known = await endpointOf(message.organisation, message.endpoint).catch(() => undefined);
    if (known?.endpoint.batch) names.add(nameOf({ message }));
  }
  return names;
}

/** A queue hands out messages of one endpoint mostly together. */
const isSameEndpoint = ({ organisation, endpoint }: AttemptMessage, other: AttemptMessage | undefined) =>
  endpoint === other?.endpoint && organisation === other.organisation;

/** An event with what its endpoint is sent of it. */
export interface Loaded extends Attempted {
  readonly body: string;
}

/** Cut into what may be sent by one request each, in the order of events: the same events make the same batches. */
export function inBatches<T extends Loaded>(
  all: readonly T[],
  batch: EndpointFields['batch'],
): readonly (readonly T[])[] {
  if (all.length < 2) return all.length === 0 ? [] : [all];
  const batches: T[][] = [];
  let bytes = 0;
  for (const each of all.toSorted((a, b) => (a.message.event < b.message.event ? -1 : 1))) {
    const size = Buffer.byteLength(each.body) + 1;
    const current = batches.at(-1);
    if (current && current.length < (batch?.most ?? 1) && bytes + size <= MOST_BYTES) {
      current.push(each);
      bytes += size;
    } else {
      batches.push([each]);
      bytes = FRAME_BYTES + size;
    }
  }
  return batches;
}

/** What is sent: an event as it is, several as a batch, of which the id is made of theirs. */
export function sentAs(all: readonly Loaded[], nowMs: number): { readonly id: string; readonly body: string } {
  const [first] = all;
  if (first && all.length === 1) return { id: first.message.event, body: first.body };
  const ids = all.map(({ message }) => message.event).join(' ');
  const { organisation = '', endpoint = '' } = first?.message ?? {};
  const events = all.map(({ body }) => body).join(',');
  return {
    id: `batch_${hashOf(organisation, `${endpoint} ${ids}`)}`,
    body: `{"type":"${BATCH}","timestamp":"${new Date(nowMs).toISOString()}","events":[${events}]}`,
  };
}
