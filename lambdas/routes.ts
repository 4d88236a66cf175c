import { auditRoutes } from './audit/contract';
import { authRoutes } from './auth/contract';
import { graphRoutes } from './graph/contract';
import { issuerRoutes } from './issuers/contract';
import { keyRoutes } from './keys/contract';
import { limitRoutes } from './limits/contract';
import { platformRoutes } from './platform/contract';
import { registryRoutes } from './registry/contract';
import type { Contract } from './shared/http/route';
import { tenantRoutes } from './tenants/contract';
import { webhookRoutes } from './webhooks/contract';

/** Every contract by the function that serves it. */
export const contracts = {
  auth: authRoutes,
  tenants: tenantRoutes,
  keys: keyRoutes,
  issuers: issuerRoutes,
  limits: limitRoutes,
  audit: auditRoutes,
  graph: graphRoutes,
  registry: registryRoutes,
  webhooks: webhookRoutes,
  platform: platformRoutes,
} as const satisfies Record<string, Contract>;

/** All routes of the product by operation name. */
export const routes: Contract = Object.fromEntries(
  Object.values(contracts).flatMap((contract) => Object.entries(contract)),
);
