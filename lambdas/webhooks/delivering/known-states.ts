import { BoundedMap } from '../../shared/bounded-map';
import type { EndpointPlace, EndpointState } from '../records/endpoint-state';
import type { EndpointStates } from '../stores/endpoint-states';
import { TRUSTED_MS } from './breaker';

interface Kept {
  readonly organisation: string;
  readonly readMs: number;
  readonly state: Promise<EndpointState>;
  /** Once it is there. */
  known?: EndpointState;
}

const MOST_ENDPOINTS = 5_000;

/** The states of endpoints as they were a moment ago: read by each environment every few seconds, not at each attempt. */
export function knownStates(states: Pick<EndpointStates, 'get'>, nowMs: () => number) {
  const kept = new BoundedMap<string, Kept>(MOST_ENDPOINTS);
  const keptOf = ({ organisation, id }: EndpointPlace) => {
    const found = kept.get(id);
    return found?.organisation === organisation ? found : undefined;
  };
  const keep = ({ organisation, id }: EndpointPlace, state: Promise<EndpointState>) => {
    const entry: Kept = { organisation, readMs: nowMs(), state };
    kept.set(id, entry);
    state.then(
      (known) => (entry.known = known),
      // What failed is asked for again by the next attempt.
      () => kept.delete(id),
    );
    return state;
  };
  return {
    /** At once, where it is known. */
    of(place: EndpointPlace): EndpointState | Promise<EndpointState> {
      const last = keptOf(place);
      if (last && nowMs() - last.readMs < TRUSTED_MS) return last.known ?? last.state;
      return keep(place, states.get(place));
    },
    /** As a change of our own has left it; it may be known better. Nothing: somebody else has changed it, and it is read anew. */
    async learn(place: EndpointPlace, state: EndpointState | undefined): Promise<void> {
      if (!state) return kept.delete(place.id);
      const last = await keptOf(place)?.state.catch(() => undefined);
      if (!last || last.version < state.version) void keep(place, Promise.resolve(state));
    },
  };
}

export type KnownStates = ReturnType<typeof knownStates>;
