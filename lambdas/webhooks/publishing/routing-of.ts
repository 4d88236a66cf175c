import type { EndpointRecord } from '../records/endpoint';
import { compileRouting, type Routing } from '../routing/routing';
import type { Endpoints } from '../stores/endpoints';
import { kept } from './kept';

/** A tenant's endpoints, and which of them an event goes to. */
export interface TenantRouting extends Routing<EndpointRecord> {
  readonly byId: ReadonlyMap<string, EndpointRecord>;
}

/** The routing of a tenant, as it was at most two seconds ago. */
export type RoutingOf = (organisation: string) => Promise<TenantRouting>;

export const routingOf = (endpoints: Endpoints, nowMs: () => number): RoutingOf =>
  kept({
    most: MOST_TENANTS,
    versionOf: (organisation) => endpoints.routingVersion(organisation),
    async read(organisation) {
      const all = await endpoints.list(organisation);
      return { ...compileRouting(all), byId: new Map(all.map((endpoint) => [endpoint.id, endpoint])) };
    },
    nowMs,
  });

const MOST_TENANTS = 1_000;
