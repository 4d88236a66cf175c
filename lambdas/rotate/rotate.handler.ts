import { JWKS_RECORD } from '../shared/credentials/jwt';
import { readEnv, text } from '../shared/env';
import { putRecord } from '../shared/stores/records';
import { openRedis, redisEnv } from '../shared/stores/redis';
import { ownerPassword } from './owner-password';
import { rotation } from './rotate';
import { secretVersions } from './secret-versions';
import { signingKeys } from './signing-keys';
import { subgraphKey } from './subgraph-key';

const env = readEnv({ ...redisEnv, SIGNING_KEYS_SECRET: text, SUBGRAPH_KEY_SECRET: text, KEYS_TABLE: text });

const records = { redis: openRedis(env).insist, table: env.KEYS_TABLE };

const nowSeconds = () => Math.floor(Date.now() / 1000);
const password = ownerPassword();
const renewals = new Map([
  [env.SIGNING_KEYS_SECRET, signingKeys((jwks) => putRecord(records, JWKS_RECORD, jwks), nowSeconds)],
  [env.SUBGRAPH_KEY_SECRET, subgraphKey(nowSeconds)],
]);

export const handler = rotation(secretVersions, (secretId) => renewals.get(secretId) ?? password);
