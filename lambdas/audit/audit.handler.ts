import { readEnv } from '../shared/env';
import { gateEnv, openGate } from '../shared/gate';
import { serve } from '../shared/serve';
import { audit } from './audit';
import { auditRoutes } from './contract';

const gate = openGate(readEnv(gateEnv));

export const handler = serve(auditRoutes, audit(gate.changes), gate);
