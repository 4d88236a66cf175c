import { readEnv, text } from '../shared/env';
import { gateEnv, openGate } from '../shared/gate';
import { serve } from '../shared/serve';
import { keyRoutes } from './contract';
import { keys } from './keys';

const gate = openGate(readEnv({ ...gateEnv, KEYS_TABLE: text, PEPPER_SECRET: text, STAGE: text }));

export const handler = serve(keyRoutes, keys(gate.changes), gate);
