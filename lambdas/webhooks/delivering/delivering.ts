import { setTimeout as wait } from 'node:timers/promises';
import type * as z from 'zod/mini';
import { keptSecret } from '../../shared/stores/secrets';
import { laneEnv, lanesOf, sealingEnv, tableEnv, targetEnv, targetPolicyOf } from '../env';
import { authenticated } from '../post/authenticate';
import { openPoster } from '../post/poster';
import { operational } from '../publishing/operational';
import { routingOf } from '../publishing/routing-of';
import { nothingSent } from '../publishing/sent-events';
import { sealingOf } from '../registration/sealed';
import { statesIn } from '../stores/endpoint-states';
import { endpointsIn } from '../stores/endpoints';
import { logIn } from '../stores/log';
import { puttingTogether } from '../stores/put-together';
import { tableOf } from '../stores/table';
import { disable } from './disable';
import { gatekeeper } from './gatekeeper';
import { endpointOf } from './known-endpoints';
import type { Delivering } from './make-attempts';

export const deliverEnv = { ...tableEnv, ...laneEnv, ...sealingEnv, ...targetEnv };
type DeliverEnv = { readonly [K in keyof typeof deliverEnv]: z.output<(typeof deliverEnv)[K]> };

/** What sending needs, from the environment of its function. */
export function delivering(env: DeliverEnv): Delivering {
  const sealing = sealingOf(keptSecret(env.WEBHOOK_KEYS_SECRET));
  const endpoints = endpointsIn(tableOf(env.WEBHOOKS_TABLE));
  const table = tableOf(env.WEBHOOK_LOG_TABLE);
  const log = logIn(puttingTogether(env.WEBHOOK_LOG_TABLE, table));
  const lanes = lanesOf(env);
  const nowMs = Date.now;
  const { exhausted } = operational({ log, lanes, routingOf: routingOf(endpoints, nowMs), sent: nothingSent, nowMs });
  return {
    log,
    lanes,
    endpointOf: endpointOf(endpoints, sealing, nowMs),
    gatekeeper: gatekeeper({
      states: statesIn(table, nowMs),
      disable: (endpoint, reason, atMs) => disable(endpoints, endpoint, reason, atMs),
      nowMs,
      wait,
    }),
    post: authenticated(openPoster().post, nowMs),
    policy: targetPolicyOf(env),
    tellExhausted: exhausted,
    nowMs,
    random: Math.random,
  };
}
