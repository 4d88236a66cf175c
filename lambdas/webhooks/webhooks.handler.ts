import { readEnv } from '../shared/env';
import { gateEnv, openGate } from '../shared/http/gate';
import { serve } from '../shared/http/serve';
import { keptSecret } from '../shared/stores/secrets';
import { webhookRoutes } from './contract';
import { laneEnv, lanesOf, sealingEnv, tableEnv, targetEnv, targetPolicyOf } from './env';
import { catalogueOf } from './event-types/catalogue-of';
import { eventTypeOperations } from './event-types/event-types';
import { filterOperations } from './filter/test-filter';
import { jobOperations } from './jobs/jobs';
import { deliveryOperations } from './log/deliveries';
import { publishingCost } from './publishing/cost';
import { eventOperations } from './publishing/events';
import { ping } from './publishing/ping';
import { routingOf } from './publishing/routing-of';
import { sentEvents } from './publishing/sent-events';
import type { EndpointPlace } from './records/endpoint-state';
import { endpointOperations } from './registration/endpoints';
import { sealingOf } from './registration/sealed';
import { statesIn } from './stores/endpoint-states';
import { endpointsIn } from './stores/endpoints';
import { eventTypesIn } from './stores/event-types';
import { jobsIn } from './stores/jobs';
import { logIn } from './stores/log';
import { tableOf } from './stores/table';

const env = readEnv({ ...gateEnv, ...tableEnv, ...laneEnv, ...sealingEnv, ...targetEnv });
const gate = openGate(env);
const settings = tableOf(env.WEBHOOKS_TABLE);
const endpoints = endpointsIn(settings);
const types = eventTypesIn(settings);
const catalogues = catalogueOf(types, Date.now);
const table = tableOf(env.WEBHOOK_LOG_TABLE);
const log = logIn(table);
const lanes = lanesOf(env);
const states = statesIn(table, Date.now);
const publishing = {
  log,
  lanes,
  routingOf: routingOf(endpoints, Date.now),
  sent: sentEvents(gate.redis),
  nowMs: Date.now,
};
/** Longer than any environment believes that an endpoint is there. */
const BELIEVED_MS = 60_000;

const registration = {
  changes: gate.changes,
  endpoints,
  catalogueOf: catalogues,
  sealing: sealingOf(keptSecret(env.WEBHOOK_KEYS_SECRET)),
  policy: targetPolicyOf(env),
  healthOf: states.healthOf,
  clearAway: (endpoint: EndpointPlace) => states.change(endpoint, { dueMs: Date.now() + BELIEVED_MS }),
  ping: (endpoint: Parameters<typeof ping>[1]) => ping(publishing, endpoint),
  nowMs: Date.now,
};

const operations = {
  ...endpointOperations(registration),
  ...eventOperations({ ...publishing, catalogueOf: catalogues }),
  ...deliveryOperations({ endpoints, log, table, lanes, nowMs: Date.now }),
  ...jobOperations({ changes: gate.changes, endpoints, jobs: jobsIn(table), nowMs: Date.now }),
  ...filterOperations,
  ...eventTypeOperations({ changes: gate.changes, types, endpoints, nowMs: Date.now }),
};

export const handler = serve(webhookRoutes, operations, { ...gate, costs: { publishEvents: publishingCost } });
