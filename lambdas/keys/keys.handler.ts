import { readEnv, text } from '../shared/env';
import { gateEnv, openGate } from '../shared/http/gate';
import { serve } from '../shared/http/serve';
import { keptSecret } from '../shared/stores/secrets';
import { clients } from './clients';
import { keyRoutes } from './contract';
import { apiKeys } from './keys';
import { storesOf } from './stores';

const env = readEnv({ ...gateEnv, KEYS_TABLE: text, PEPPER_SECRET: text, STAGE: text });
const gate = openGate(env);
const stores = storesOf(gate.redis, env.KEYS_TABLE);
const deps = { ...gate, ...stores, pepper: keptSecret(env.PEPPER_SECRET), stage: env.STAGE, nowMs: Date.now };

export const handler = serve(keyRoutes, { ...apiKeys(deps), ...clients(deps) }, gate);
