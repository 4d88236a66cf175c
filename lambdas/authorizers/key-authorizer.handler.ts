import { ApiKeyRecord, recordId } from '../shared/api-key';
import { readEnv, text } from '../shared/env';
import { readRecord } from '../shared/records';
import { openRedis, redisEnv } from '../shared/redis';
import { readSecretText } from '../shared/secrets';
import { authorizer } from './answer';
import { keyIdentity } from './key-authorizer';

const env = readEnv({ ...redisEnv, KEYS_TABLE: text, PEPPER_SECRET: text });
const redis = openRedis(env);
let pepper: Promise<string> | undefined;

export const handler = authorizer(
  keyIdentity({
    record: async (id) => readRecord({ redis: await redis, table: env.KEYS_TABLE }, recordId(id), ApiKeyRecord),
    pepper: () => {
      pepper ??= readSecretText(env.PEPPER_SECRET).catch((error: unknown) => {
        pepper = undefined;
        throw error;
      });
      return pepper;
    },
  }),
);
