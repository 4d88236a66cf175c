import { fetchKeysBy } from '../shared/credentials/issuer-keys';
import { readEnv, text } from '../shared/env';
import { gateEnv, openGate } from '../shared/http/gate';
import { serve } from '../shared/http/serve';
import { issuerRoutes } from './contract';
import { issuers } from './issuers';
import { published } from './published';

const env = readEnv({ ...gateEnv, KEYS_TABLE: text, ISSUER_KEYS_URL: text });
const gate = openGate(env);
const records = { redis: gate.redis.insist, table: env.KEYS_TABLE };
const told = published(records, fetchKeysBy(env.ISSUER_KEYS_URL), () => Math.floor(Date.now() / 1000));

export const handler = serve(issuerRoutes, issuers(gate.changes, told), gate);
