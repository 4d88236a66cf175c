import { BoundedMap } from '../../shared/bounded-map';
import type { EndpointPlace, EndpointState } from '../records/endpoint-state';
import type { EndpointStates } from '../stores/endpoint-states';
import { TRUSTED_MS } from './breaker';

interface Kept {
  readonly readMs: number;
  readonly state: Promise<EndpointState>;
}

const MOST_ENDPOINTS = 5_000;

const nameOf = ({ organisation, id }: EndpointPlace) => `${organisation}#${id}`;

/** The states of endpoints as they were a moment ago: read by each environment every few seconds, not at each attempt. */
export function knownStates(states: Pick<EndpointStates, 'get'>, nowMs: () => number) {
  const kept = new BoundedMap<string, Kept>(MOST_ENDPOINTS);
  const keep = (place: EndpointPlace, state: Promise<EndpointState>) => {
    kept.set(nameOf(place), { readMs: nowMs(), state });
    return state;
  };
  return {
    of(place: EndpointPlace): Promise<EndpointState> {
      const last = kept.get(nameOf(place));
      if (last && nowMs() - last.readMs < TRUSTED_MS) return last.state;
      const read = keep(place, states.get(place));
      // What failed is asked for again by the next attempt.
      read.catch(() => kept.delete(nameOf(place)));
      return read;
    },
    /** As a change of our own has left it; it may be known better. Nothing: somebody else has changed it, and it is read anew. */
    async learn(place: EndpointPlace, state: EndpointState | undefined): Promise<void> {
      if (!state) return kept.delete(nameOf(place));
      const last = await kept.get(nameOf(place))?.state.catch(() => undefined);
      if (!last || last.version < state.version) void keep(place, Promise.resolve(state));
    },
  };
}

export type KnownStates = ReturnType<typeof knownStates>;
