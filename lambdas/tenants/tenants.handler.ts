import { readEnv } from '../shared/env';
import { gateEnv, openGate } from '../shared/gate';
import { serve } from '../shared/serve';
import { tenantRoutes } from './contract';
import { members } from './members';

const gate = openGate(readEnv(gateEnv));

export const handler = serve(tenantRoutes, members(gate.changes), gate);
