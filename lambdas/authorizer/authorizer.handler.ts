import { ApiKeyRecord, recordId } from '../shared/api-key';
import { readEnv, text } from '../shared/env';
import { JWKS_RECORD, Jwks, verificationKeys } from '../shared/jwt';
import { readRecord } from '../shared/records';
import { openRedis, redisEnv } from '../shared/redis';
import { readSecretText } from '../shared/secrets';
import { authorizer } from './answer';
import { keyIdentity } from './key';
import { tokenIdentity } from './token';

const env = readEnv({ ...redisEnv, KEYS_TABLE: text, PEPPER_SECRET: text });
const redis = openRedis(env);
const records = async () => ({ redis: await redis, table: env.KEYS_TABLE });
let pepper: Promise<string> | undefined;

const ofKey = keyIdentity({
  record: async (id) => readRecord(await records(), recordId(id), ApiKeyRecord),
  pepper: () => {
    pepper ??= readSecretText(env.PEPPER_SECRET).catch((error: unknown) => {
      pepper = undefined;
      throw error;
    });
    return pepper;
  },
});

const ofToken = tokenIdentity({
  readKeys: async () => verificationKeys((await readRecord(await records(), JWKS_RECORD, Jwks)) ?? { keys: [] }),
  nowSeconds: () => Math.floor(Date.now() / 1000),
});

export const handler = authorizer((credential, issuer) =>
  credential.startsWith('ghk_') ? ofKey(credential) : ofToken(credential, issuer),
);
