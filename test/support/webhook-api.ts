import type { Identity } from '../../lambdas/shared/access/principal';
import { serve } from '../../lambdas/shared/http/serve';
import { keptSecret } from '../../lambdas/shared/stores/secrets';
import { endpointRoutes } from '../../lambdas/webhooks/contracts/endpoints';
import { eventTypeRoutes } from '../../lambdas/webhooks/contracts/event-types';
import { eventRoutes } from '../../lambdas/webhooks/contracts/events';
import { catalogueOf } from '../../lambdas/webhooks/event-types/catalogue-of';
import { eventTypeOperations } from '../../lambdas/webhooks/event-types/event-types';
import { eventOperations } from '../../lambdas/webhooks/publishing/events';
import { routingOf } from '../../lambdas/webhooks/publishing/routing-of';
import { sentEvents } from '../../lambdas/webhooks/publishing/sent-events';
import type { AttemptMessage } from '../../lambdas/webhooks/records/message';
import { messageOf } from '../../lambdas/webhooks/records/message';
import { endpointOperations } from '../../lambdas/webhooks/registration/endpoints';
import { sealingOf } from '../../lambdas/webhooks/registration/sealed';
import { endpointsIn } from '../../lambdas/webhooks/stores/endpoints';
import { eventTypesIn } from '../../lambdas/webhooks/stores/event-types';
import { logIn } from '../../lambdas/webhooks/stores/log';
import type { SendAll } from '../../lambdas/webhooks/stores/queue';
import { tableOf } from '../../lambdas/webhooks/stores/table';
import { ask } from './handled';
import { startTenants } from './tenants';
import { KEYS_SECRET, LOG_TABLE, SETTINGS_TABLE, startWebhookStores } from './webhooks';

interface Request {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** Registration, event types and publishing behind `serve()`, on real stores; what would be sent off is kept. */
export async function startWebhookApi() {
  const [aws, tenants] = await Promise.all([startWebhookStores(), startTenants()]);
  const clock = { aheadMs: 0 };
  const nowMs = () => Date.now() + clock.aheadMs;
  const settings = tableOf(SETTINGS_TABLE);
  const endpoints = endpointsIn(settings);
  const types = eventTypesIn(settings);
  const log = logIn(tableOf(LOG_TABLE));
  const messages: AttemptMessage[] = [];
  const take: SendAll = async (sent) => {
    messages.push(...sent.map(({ body }) => messageOf(body)));
    return [];
  };
  const lanes = { deliveries: take, retries: take, bulk: take };
  const catalogue = catalogueOf(types, nowMs);
  const publishing = {
    log,
    lanes,
    routingOf: routingOf(endpoints, nowMs),
    sent: sentEvents(tenants.redis.commands),
    nowMs,
  };
  const registration = {
    changes: tenants.changes,
    endpoints,
    catalogueOf: catalogue,
    sealing: sealingOf(keptSecret(KEYS_SECRET)),
    policy: { http: true, privateTargets: true, ports: 'any' as const },
    healthOf: async () => new Map(),
    clearAway: async () => undefined,
    ping: async () => '',
    nowMs,
  };
  const handler = serve(
    { ...endpointRoutes, ...eventRoutes, ...eventTypeRoutes },
    {
      ...endpointOperations(registration),
      ...eventOperations({ ...publishing, catalogueOf: catalogue }),
      ...eventTypeOperations({ changes: tenants.changes, types, endpoints, nowMs }),
    },
    tenants.serve,
  );
  return {
    tenants,
    log,
    endpoints,
    /** Of all deliveries that were sent off. */
    messages,
    /** Until what was changed is in force everywhere. */
    settle: () => void (clock.aheadMs += 2_000),
    call: (route: string, by: Identity, { params, query, body }: Request = {}) => {
      const [method = '', resource = ''] = route.split(' ');
      return ask(handler, {
        method,
        resource,
        principal: by,
        ...(params && { params }),
        ...(query && { query }),
        headers: body === undefined ? {} : { 'content-type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
    },
    stop: () => Promise.all([aws.stop(), tenants.stop()]),
  };
}
