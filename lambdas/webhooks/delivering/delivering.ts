import type * as z from 'zod/mini';
import { keptSecret } from '../../shared/stores/secrets';
import { laneEnv, lanesOf, sealingEnv, tableEnv, targetEnv, targetPolicyOf } from '../env';
import { authenticated } from '../post/authenticate';
import { openPoster } from '../post/poster';
import { sealingOf } from '../registration/sealed';
import { endpointsIn } from '../stores/endpoints';
import { logIn } from '../stores/log';
import { tableOf } from '../stores/table';
import { endpointOf } from './known-endpoints';
import type { Delivering } from './make-attempt';

export const deliverEnv = { ...tableEnv, ...laneEnv, ...sealingEnv, ...targetEnv };
type DeliverEnv = { readonly [K in keyof typeof deliverEnv]: z.output<(typeof deliverEnv)[K]> };

/** What sending needs, from the environment of its function. */
export function delivering(env: DeliverEnv): Delivering {
  const sealing = sealingOf(keptSecret(env.WEBHOOK_KEYS_SECRET));
  return {
    log: logIn(tableOf(env.WEBHOOK_LOG_TABLE)),
    lanes: lanesOf(env),
    endpointOf: endpointOf(endpointsIn(tableOf(env.WEBHOOKS_TABLE)), sealing, Date.now),
    gatekeeper: { ask: () => Promise.resolve({ go: 'now' }), note: () => Promise.resolve() },
    post: authenticated(openPoster().post),
    policy: targetPolicyOf(env),
    nowMs: Date.now,
    random: Math.random,
  };
}
