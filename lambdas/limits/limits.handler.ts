import { readEnv } from '../shared/env';
import { gateEnv, openGate } from '../shared/http/gate';
import { serve } from '../shared/http/serve';
import { limitRoutes } from './contract';
import { limits } from './limits';

const env = readEnv(gateEnv);
const gate = openGate(env);

export const handler = serve(limitRoutes, limits({ ...gate, deployed: env.LIMITS, nowMs: Date.now }), gate);
