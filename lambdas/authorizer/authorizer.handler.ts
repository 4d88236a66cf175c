import { fetchKeysBy } from '../shared/credentials/issuer-keys';
import { readEnv, text } from '../shared/env';
import { openRedis, redisEnv } from '../shared/stores/redis';
import { authorizer } from './answer';
import { credentialIdentity } from './credential';

const env = readEnv({ ...redisEnv, KEYS_TABLE: text, PEPPER_SECRET: text, ISSUER_KEYS_URL: text });
const records = { redis: openRedis(env), table: env.KEYS_TABLE };

export const handler = authorizer(
  credentialIdentity({
    records,
    pepperSecret: env.PEPPER_SECRET,
    fetchKeys: fetchKeysBy(env.ISSUER_KEYS_URL),
    nowMs: Date.now,
  }),
);
