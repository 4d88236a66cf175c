import * as z from 'zod/mini';
import { text } from '../shared/env';
import type { TargetPolicy } from './post/target';
import type { Lanes } from './stores/lanes';
import { queueAt } from './stores/queue';

/** The variables that lib/webhooks.ts sets for the functions of webhooks. */
export const tableEnv = { WEBHOOKS_TABLE: text, WEBHOOK_LOG_TABLE: text };
export const laneEnv = { DELIVERIES_QUEUE: text, RETRIES_QUEUE: text, BULK_QUEUE: text };
export const sealingEnv = { WEBHOOK_KEYS_SECRET: text };
export const targetEnv = {
  PRIVATE_TARGETS: z.enum(['on', 'off']),
  /** The ports that endpoints may have, or `any`. */
  TARGET_PORTS: z.string().check(z.regex(/^(any|\d+( \d+)*)$/)),
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
  readonly TARGET_PORTS: string;
}

/** Which addresses endpoints may have. */
export const targetPolicyOf = ({ PRIVATE_TARGETS, TARGET_PORTS }: TargetEnv): TargetPolicy => ({
  http: PRIVATE_TARGETS === 'on',
  privateTargets: PRIVATE_TARGETS === 'on',
  ports: TARGET_PORTS === 'any' ? 'any' : TARGET_PORTS.split(' ').map(Number),
});
