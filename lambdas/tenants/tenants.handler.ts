import { randomUUID } from 'node:crypto';
import { readEnv, text } from '../shared/env';
import { gateEnv, openGate } from '../shared/gate';
import { readSecretText } from '../shared/secrets';
import { serve } from '../shared/serve';
import { tenantRoutes } from './contract';
import { tenants } from './tenants';

const env = readEnv({ ...gateEnv, PEPPER_SECRET: text });
const gate = openGate(env);
const pepper = () => readSecretText(env.PEPPER_SECRET);

export const handler = serve(tenantRoutes, tenants({ changes: gate.changes, pepper, newId: randomUUID }), gate);
