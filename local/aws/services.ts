import type { Stores } from '../stores/stores';
import { dynamoDb } from './dynamodb';
import { type Rotations, secretsManager } from './secrets-manager';
import type { AwsService } from './service';
import { sqs } from './sqs';

/** The services that stand behind the endpoint, by their name in SigV4's credential scope. */
export const servicesOf = (stores: Stores, rotations: Rotations): Readonly<Record<string, AwsService>> => ({
  secretsmanager: secretsManager(stores.secrets, rotations),
  ...(stores.dynamoDb ? { dynamodb: dynamoDb(stores.dynamoDb.port, stores.dynamoDb.partitionKeyOf) } : {}),
  ...(stores.sqs ? { sqs: sqs(stores.sqs.port, stores.sqs.urlOf) } : {}),
});
