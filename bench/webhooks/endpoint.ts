import { keptSecret } from '../../lambdas/shared/stores/secrets';
import { type Content, sealed, sealingOf } from '../../lambdas/webhooks/registration/sealed';
import { newSigningKeys } from '../../lambdas/webhooks/signing/secrets';
import { endpointsIn } from '../../lambdas/webhooks/stores/endpoints';
import { tableOf } from '../../lambdas/webhooks/stores/table';
import { endpointRecord } from '../../test/support/webhook-records';
import { KEYS_SECRET, LOG_TABLE, QUEUES, queueUrl, SETTINGS_TABLE } from '../../test/support/webhooks';

/** The environment that the function that sends is deployed with. */
export const DELIVER_ENV = {
  WEBHOOKS_TABLE: SETTINGS_TABLE,
  WEBHOOK_LOG_TABLE: LOG_TABLE,
  DELIVERIES_QUEUE: queueUrl(QUEUES.deliveries),
  RETRIES_QUEUE: queueUrl(QUEUES.retries),
  BULK_QUEUE: queueUrl(QUEUES.bulk),
  WEBHOOK_KEYS_SECRET: KEYS_SECRET,
  PRIVATE_TARGETS: 'on',
  TARGET_PORTS: 'any',
} as const;

interface Place {
  readonly organisation: string;
  readonly id: string;
}

/** An endpoint that takes everything, with keys that sign. */
export async function register(place: Place, url: string): Promise<void> {
  const content: Content = { keys: newSigningKeys(), authentication: { kind: 'none' } };
  const envelope = await sealingOf(keptSecret(KEYS_SECRET))();
  await endpointsIn(tableOf(SETTINGS_TABLE)).put(
    endpointRecord({ ...place, url, sealed: sealed(envelope, place, content) }),
  );
}
