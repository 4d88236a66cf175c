import { readEnv } from '../shared/env';
import { gateEnv, openGate } from '../shared/http/gate';
import { serve } from '../shared/http/serve';
import { audit } from './audit';
import { auditRoutes } from './contract';

const gate = openGate(readEnv(gateEnv));

export const handler = serve(auditRoutes, audit(gate.changes), gate);
