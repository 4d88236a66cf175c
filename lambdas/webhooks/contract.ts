import type { Contract } from '../shared/http/route';
import { deliveryRoutes } from './contracts/deliveries';
import { endpointRoutes } from './contracts/endpoints';
import { eventTypeRoutes } from './contracts/event-types';
import { eventRoutes } from './contracts/events';
import { filterRoutes } from './contracts/filters';
import { jobRoutes } from './contracts/jobs';

/** Webhooks: endpoints that tenants register, the events that are published, and how their deliveries went. */
export const webhookRoutes = {
  ...endpointRoutes,
  ...eventRoutes,
  ...deliveryRoutes,
  ...jobRoutes,
  ...filterRoutes,
  ...eventTypeRoutes,
} as const satisfies Contract;
