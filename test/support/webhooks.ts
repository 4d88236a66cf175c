import { randomBytes } from 'node:crypto';
import { WAITS_INDEX } from '../../lib/constructs/webhook-stores';
import { resource } from '../local/support';
import { startAws, type TestAws } from './aws';

export const SETTINGS_TABLE = 'webhooks';
export const LOG_TABLE = 'webhook-log';
export const KEYS_SECRET = 'webhook-keys';

const ARN = 'arn:aws:{}:us-east-1:000000000000:';
const KEYS = {
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
};
const strings = (...names: string[]) => names.map((AttributeName) => ({ AttributeName, AttributeType: 'S' }));

const table = (name: string, more: Record<string, unknown>) =>
  resource('AWS::DynamoDB::GlobalTable', name, { ...KEYS, ...more }, name, {
    Arn: `${ARN.replace('{}', 'dynamodb')}table/${name}`,
  });

const TABLES = [
  table(SETTINGS_TABLE, { AttributeDefinitions: strings('pk', 'sk') }),
  table(LOG_TABLE, {
    AttributeDefinitions: strings('pk', 'sk', 'waits', 'at'),
    GlobalSecondaryIndexes: [
      {
        IndexName: WAITS_INDEX,
        KeySchema: [
          { AttributeName: 'waits', KeyType: 'HASH' },
          { AttributeName: 'at', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ],
  }),
];

export const queueUrl = (name: string) => `http://queues.local/000000000000/${name}`;

const queue = (name: string, properties: Record<string, unknown> = {}) =>
  resource('AWS::SQS::Queue', name, properties, queueUrl(name), { Arn: ARN.replace('{}', 'sqs') + name });

export const QUEUES = { deliveries: 'deliveries', retries: 'retries', bulk: 'bulk' } as const;

/** The tables and queues of webhooks, empty, and the secret that seals what is secret of endpoints. */
export async function startWebhookStores(): Promise<TestAws> {
  const aws = await startAws([...TABLES, ...Object.values(QUEUES).map((name) => queue(name))]);
  aws.setSecret(KEYS_SECRET, JSON.stringify({ keys: [], first: randomBytes(48).toString('base64url') }));
  return aws;
}
