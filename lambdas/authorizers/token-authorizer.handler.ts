import { readEnv, text } from '../shared/env';
import { JWKS_RECORD, Jwks, verificationKeys } from '../shared/jwt';
import { readRecord } from '../shared/records';
import { openRedis, redisEnv } from '../shared/redis';
import { authorizer } from './answer';
import { tokenIdentity } from './token-authorizer';

const env = readEnv({ ...redisEnv, KEYS_TABLE: text });
const redis = openRedis(env);

export const handler = authorizer(
  tokenIdentity({
    async readKeys() {
      const jwks = await readRecord({ redis: await redis, table: env.KEYS_TABLE }, JWKS_RECORD, Jwks);
      return verificationKeys(jwks ?? { keys: [] });
    },
    nowSeconds: () => Math.floor(Date.now() / 1000),
  }),
);
