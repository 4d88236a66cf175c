import { inTurns } from '../publishing/in-turns';
import type { EndpointPlace } from '../records/endpoint-state';
import type { Log } from '../stores/log';
import { heldAt, placeOf } from '../stores/waiting';
import type { Waits } from '../stores/waits';

interface Deps {
  readonly waits: Waits;
  readonly log: Log;
  nowMs(): number;
}

const PAGE = 1_000;
const AT_ONCE = 32;

/**
 * Lets what waits for an endpoint that takes nothing wait until it is enabled, or not any more. As much of it as can be moved
 * until then; how much that was.
 */
export async function moveAway(
  deps: Deps,
  endpoint: EndpointPlace,
  from: 'parked' | 'held',
  to: 'held' | 'cancelled',
  untilMs: number,
): Promise<number> {
  let moved = 0;
  for (let last = PAGE; last > 0 && deps.nowMs() < untilMs; moved += last)
    last = await movePage(deps, endpoint, from, to);
  return moved;
}

async function movePage(
  { waits, log }: Deps,
  { organisation, id }: EndpointPlace,
  from: string,
  to: 'held' | 'cancelled',
): Promise<number> {
  const place = placeOf(from, organisation, id);
  const found = await waits.oldest(place, PAGE);
  const moved = await inTurns(found, AT_ONCE, (delivery) =>
    log.move(
      { ...delivery, state: to, why: undefined },
      { place, at: delivery.event },
      to === 'held' ? heldAt(organisation, id, delivery.event) : undefined,
    ),
  );
  return moved.filter(Boolean).length;
}
