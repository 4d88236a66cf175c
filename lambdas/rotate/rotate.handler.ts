import { readEnv, text } from '../shared/env';
import { JWKS_RECORD } from '../shared/jwt';
import { putRecord } from '../shared/records';
import { openRedis, redisEnv } from '../shared/redis';
import { ownerPassword } from './owner-password';
import { rotation } from './rotate';
import { secretVersions } from './secret-versions';
import { signingKeys } from './signing-keys';

const env = readEnv({ ...redisEnv, SIGNING_KEYS_SECRET: text, KEYS_TABLE: text });
const redis = openRedis(env);

const keys = signingKeys(async (jwks) => putRecord({ redis: await redis, table: env.KEYS_TABLE }, JWKS_RECORD, jwks));
const password = ownerPassword();

export const handler = rotation(secretVersions, (secretId) => (secretId === env.SIGNING_KEYS_SECRET ? keys : password));
