import { BoundedMap } from '../../shared/bounded-map';
import type { Authentication } from '../post/authentication';
import { ownHeaders } from '../post/headers';
import type { EndpointRecord } from '../records/endpoint';
import { type OpenSealing, openSealed } from '../registration/sealed';
import { type Signer, signer } from '../signing/sign';
import type { Endpoints } from '../stores/endpoints';

/** An endpoint with everything that is needed to send to it. */
export interface KnownEndpoint {
  readonly endpoint: EndpointRecord;
  readonly signer: Signer;
  readonly authentication: Authentication;
  /** What each delivery says beside its signature. */
  readonly headers: Readonly<Record<string, string>>;
}

export type EndpointOf = (organisation: string, id: string) => Promise<KnownEndpoint | undefined>;

/** How long a change may take to reach deliveries that are on their way. */
const TRUSTED_MS = 5_000;
const MOST_ENDPOINTS = 5_000;

interface Kept {
  readonly organisation: string;
  readonly readMs: number;
  readonly known: Promise<KnownEndpoint | undefined>;
}

/** Endpoints as they were a few seconds ago; keys are opened and prepared once for each version of an endpoint. */
export function endpointOf(endpoints: Endpoints, sealing: OpenSealing, nowMs: () => number): EndpointOf {
  const kept = new BoundedMap<string, Kept>(MOST_ENDPOINTS);
  const read = async (organisation: string, id: string, before: KnownEndpoint | undefined) => {
    const endpoint = await endpoints.get(organisation, id);
    if (!endpoint) return undefined;
    if (before?.endpoint.version === endpoint.version) return before;
    const { keys, authentication, headers = {} } = openSealed(await sealing(), endpoint);
    return { endpoint, signer: signer(keys), authentication, headers: ownHeaders(headers) };
  };
  return (organisation, id) => {
    const found = kept.get(id);
    const last = found?.organisation === organisation ? found : undefined;
    if (last && nowMs() - last.readMs < TRUSTED_MS) return last.known;
    const known = (last?.known ?? Promise.resolve(undefined))
      .catch(() => undefined)
      .then((before) => read(organisation, id, before));
    kept.set(id, { organisation, readMs: nowMs(), known });
    // What failed is asked for again by the next delivery.
    known.catch(() => kept.delete(id));
    return known;
  };
}
