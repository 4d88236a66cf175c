import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { dynamoDb } from '../../local/aws/dynamodb';
import { secretsManager } from '../../local/aws/secrets-manager';
import { sqs } from '../../local/aws/sqs';
import { isTable, startDynamoDb } from '../../local/stores/dynamodb';
import { SecretStore } from '../../local/stores/secrets';
import { startSqs } from '../../local/stores/sqs';
import type { Resource } from '../../local/types';
import { allow, credentials, guardhouse, resource, startEndpoint } from '../local/support';
import { temporaryFolder } from './temporary-folder';

export const KEYS_TABLE = 'keys';

export interface TestAws {
  readonly secrets: SecretStore;
  /** Makes the value the current one of the secret of this id, and the secret where there is none. */
  setSecret(id: string, value: string): void;
  stop(): Promise<void>;
}

/**
 * Secrets Manager, DynamoDB with an empty table of keys, and what else of tables and queues a test wants, as the local host
 * emulates them. Our own calls of AWS find them by the environment of this process.
 */
export async function startAws(more: readonly Resource[] = []): Promise<TestAws> {
  const folder = temporaryFolder('gatehouse-aws-');
  const table = await startDynamoDb(join(folder, 'dynamodb'), [keysTable, ...more.filter(isTable)], fail);
  const queues = await startSqs(more, fail);
  const secrets = new SecretStore(join(folder, 'secrets.json'));
  const services = {
    sqs: sqs(queues.port, queues.urlOf),
    dynamodb: dynamoDb(table.port, table.partitionKeyOf),
    secretsmanager: secretsManager(secrets, { functionOf: () => undefined, begin: () => '' }),
  };
  const endpoint = await startEndpoint({ ...guardhouse(allow('*', '*')), services });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: endpoint.url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_MAX_ATTEMPTS: '1',
  });
  return {
    secrets,
    setSecret(id, value) {
      secrets.put(
        secrets.ensure(id, id, () => value),
        randomUUID(),
        value,
        ['AWSCURRENT'],
      );
    },
    async stop() {
      await Promise.all([endpoint.stop(), table.stop(), queues.stop()]);
      rmSync(folder, { recursive: true });
    },
  };
}

const keysTable = resource(
  'AWS::DynamoDB::GlobalTable',
  KEYS_TABLE,
  {
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
  },
  KEYS_TABLE,
  { Arn: `arn:aws:dynamodb:us-east-1:000000000000:table/${KEYS_TABLE}` },
);

const fail = (error: Error) => {
  throw error;
};
