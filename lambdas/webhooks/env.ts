import * as z from 'zod/mini';
import { text } from '../shared/env';
import { fromJson } from '../shared/json';
import type { Lanes } from './stores/lanes';
import { queueAt } from './stores/queue';

/** The variables that lib/webhooks.ts sets for the functions of webhooks. */
export const tableEnv = { WEBHOOKS_TABLE: text, WEBHOOK_LOG_TABLE: text };
export const laneEnv = { DELIVERIES_QUEUE: text, RETRIES_QUEUE: text, BULK_QUEUE: text };
export const sealingEnv = { WEBHOOK_KEYS_SECRET: text };
export const targetEnv = {
  PRIVATE_TARGETS: z.enum(['on', 'off']),
  /** As JSON: the ports that endpoints may have; `any` on a laptop. */
  TARGET_PORTS: z.pipe(fromJson, z.union([z.literal('any'), z.array(z.int())])),
};

interface LaneEnv {
  readonly DELIVERIES_QUEUE: string;
  readonly RETRIES_QUEUE: string;
  readonly BULK_QUEUE: string;
}

export const lanesOf = ({ DELIVERIES_QUEUE, RETRIES_QUEUE, BULK_QUEUE }: LaneEnv): Lanes => ({
  deliveries: queueAt(DELIVERIES_QUEUE),
  retries: queueAt(RETRIES_QUEUE),
  bulk: queueAt(BULK_QUEUE),
});

interface TargetEnv {
  readonly PRIVATE_TARGETS: 'on' | 'off';
  readonly TARGET_PORTS: 'any' | readonly number[];
}

/** Which addresses endpoints may have. */
export const targetPolicyOf = ({ PRIVATE_TARGETS, TARGET_PORTS }: TargetEnv) => ({
  http: PRIVATE_TARGETS === 'on',
  privateTargets: PRIVATE_TARGETS === 'on',
  ports: TARGET_PORTS,
});
