import { randomUUID } from 'node:crypto';
import { readEnv, text } from '../shared/env';
import { gateEnv, openGate } from '../shared/http/gate';
import { serve } from '../shared/http/serve';
import { readSecretText } from '../shared/stores/secrets';
import { tenantRoutes } from './contract';
import { tenants } from './tenants';

const env = readEnv({ ...gateEnv, PEPPER_SECRET: text });
const gate = openGate(env);
const pepper = () => readSecretText(env.PEPPER_SECRET);

export const handler = serve(tenantRoutes, tenants({ changes: gate.changes, pepper, newId: randomUUID }), gate);
