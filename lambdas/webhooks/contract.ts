import type { Contract } from '../shared/http/route';
import { endpointRoutes } from './contracts/endpoints';
import { eventRoutes } from './contracts/events';

/** Webhooks: endpoints that tenants register, the events that are published, and how their deliveries went. */
export const webhookRoutes = { ...endpointRoutes, ...eventRoutes } as const satisfies Contract;
