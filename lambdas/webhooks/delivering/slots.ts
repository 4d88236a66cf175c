import { setImmediate as afterThisTurn } from 'node:timers/promises';
import type { EndpointPlace, EndpointState } from '../records/endpoint-state';
import type { EndpointStates } from '../stores/endpoint-states';

interface Asked {
  readonly apartMs: number;
  readonly notBeforeMs: number;
  readonly believedUs: number | undefined;
}

interface Gathering {
  count: number;
  readonly apartUs: number;
  readonly reserved: Promise<{ readonly firstUs: number; readonly state: EndpointState }>;
}

interface Slot {
  readonly atMs: number;
  readonly state: EndpointState;
}

/** Slots of endpoints' rates. Attempts of one batch, which ask in the same turn of the loop, get theirs by one write. */
export function slotsOf({ reserve }: Pick<EndpointStates, 'reserve'>) {
  const gatherings = new Map<string, Gathering>();
  return async (place: EndpointPlace, asked: Asked): Promise<Slot> => {
    const gathering = gatherings.get(place.id) ?? begin(place, asked);
    const number = gathering.count;
    gathering.count += 1;
    const { firstUs, state } = await gathering.reserved;
    // Whole milliseconds, later rather than sooner.
    return { atMs: Math.ceil((firstUs + number * gathering.apartUs) / 1000), state };
  };

  function begin(place: EndpointPlace, { apartMs, notBeforeMs, believedUs }: Asked): Gathering {
    const apartUs = Math.ceil(apartMs * 1000);
    const notBeforeUs = notBeforeMs * 1000;
    const gathering: Gathering = {
      count: 0,
      apartUs,
      reserved: afterThisTurn().then(() => {
        gatherings.delete(place.id);
        return reserve(place, { apartUs, notBeforeUs, believedUs, count: gathering.count });
      }),
    };
    gatherings.set(place.id, gathering);
    return gathering;
  }
}
