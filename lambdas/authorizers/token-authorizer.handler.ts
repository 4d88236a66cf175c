import { readEnv, text } from '../shared/env';
import { Jwks, type VerificationKeys, verificationKeys } from '../shared/jwt';
import { readRecord } from '../shared/records';
import { openRedis, redisEnv } from '../shared/redis';
import { authorizer } from './answer';
import { tokenIdentity } from './token-authorizer';

const env = readEnv({ ...redisEnv, KEYS_TABLE: text });
const redis = openRedis(env);
let known: VerificationKeys | undefined;

export const handler = authorizer(
  tokenIdentity({
    async keys(fresh) {
      if (!known || fresh) {
        const jwks = await readRecord({ redis: await redis, table: env.KEYS_TABLE }, 'jwks', Jwks);
        known = verificationKeys(jwks ?? { keys: [] });
      }
      return known;
    },
    nowSeconds: () => Math.floor(Date.now() / 1000),
  }),
);
