import { readEnv, text } from '../shared/env';
import { JWKS_RECORD } from '../shared/jwt';
import { putRecord } from '../shared/records';
import { redisEnv } from '../shared/redis-address';
import { openSmallRedis } from '../shared/small-redis';
import { ownerPassword } from './owner-password';
import { rotation } from './rotate';
import { secretVersions } from './secret-versions';
import { signingKeys } from './signing-keys';

const env = readEnv({ ...redisEnv, SIGNING_KEYS_SECRET: text, KEYS_TABLE: text });

const records = { redis: openSmallRedis(env), table: env.KEYS_TABLE };

const keys = signingKeys(
  (jwks) => putRecord(records, JWKS_RECORD, jwks),
  () => Math.floor(Date.now() / 1000),
);
const password = ownerPassword();

export const handler = rotation(secretVersions, (secretId) => (secretId === env.SIGNING_KEYS_SECRET ? keys : password));
