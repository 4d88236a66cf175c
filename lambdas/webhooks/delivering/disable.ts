import type { EndpointRecord } from '../records/endpoint';
import type { EndpointPlace } from '../records/endpoint-state';
import type { Endpoints } from '../stores/endpoints';

/** Changes that others may make meanwhile. */
const MOST_TRIES = 8;

/**
 * Disables an endpoint for a reason that became known at this time, unless its tenant has said otherwise since. Its record as
 * it then is; nothing where it was deleted.
 */
export async function disable(
  endpoints: Endpoints,
  { organisation, id }: EndpointPlace,
  stateReason: string,
  atMs: number,
): Promise<EndpointRecord | undefined> {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const before = await endpoints.get(organisation, id);
    if (!before || before.state === 'disabled' || before.stateSinceMs > atMs) return before;
    const version = before.version + 1;
    const after = {
      ...before,
      state: 'disabled',
      stateReason,
      stateSinceMs: atMs,
      updatedAtMs: atMs,
      version,
    } as const;
    if (await endpoints.put(after)) return after;
  }
  throw new Error('an endpoint is being changed all the time');
}
