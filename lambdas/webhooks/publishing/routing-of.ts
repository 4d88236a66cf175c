import { BoundedMap } from '../../shared/bounded-map';
import type { EndpointRecord } from '../records/endpoint';
import { compileRouting, type Routing } from '../routing/routing';
import type { Endpoints } from '../stores/endpoints';

/** A tenant's endpoints, and which of them an event goes to. */
export interface TenantRouting extends Routing<EndpointRecord> {
  readonly byId: ReadonlyMap<string, EndpointRecord>;
}

/** The routing of a tenant, as it was at most `TRUSTED_MS` ago. */
export type RoutingOf = (organisation: string) => Promise<TenantRouting>;

interface Kept {
  readonly routing: TenantRouting;
  readonly version: number;
  /** When it was compiled, and when its version was last asked for. */
  readonly compiledMs: number;
  readonly askedMs: number;
}

/** How long a change of endpoints may take to be in force. */
export const TRUSTED_MS = 2_000;
/** A change whose writer died before it raised the version is seen after this. */
const COMPILED_ANEW_MS = 60_000;
const MOST_TENANTS = 1_000;

export function routingOf(endpoints: Endpoints, nowMs: () => number): RoutingOf {
  const kept = new BoundedMap<string, Kept>(MOST_TENANTS);
  const compiled = async (organisation: string, version: number): Promise<Kept> => {
    const all = await endpoints.list(organisation);
    const byId = new Map(all.map((endpoint) => [endpoint.id, endpoint]));
    return { routing: { ...compileRouting(all), byId }, version, compiledMs: nowMs(), askedMs: nowMs() };
  };
  return async (organisation) => {
    const before = kept.get(organisation);
    if (before && nowMs() - before.askedMs < TRUSTED_MS) return before.routing;
    // Asked for first: what is read afterwards is at least as new.
    const version = await endpoints.routingVersion(organisation);
    const isSame = before?.version === version && nowMs() - before.compiledMs < COMPILED_ANEW_MS;
    const next = isSame ? { ...before, askedMs: nowMs() } : await compiled(organisation, version);
    kept.set(organisation, next);
    return next.routing;
  };
}
