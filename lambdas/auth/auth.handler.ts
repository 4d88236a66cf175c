import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { readEnv, text } from '../shared/env';
import { gateEnv, openGate } from '../shared/http/gate';
import { serve } from '../shared/http/serve';
import { keptSecret } from '../shared/stores/secrets';
import { auth } from './auth';
import { authRoutes } from './contract';
import { errorPage } from './page';
import { signingKeysOf } from './signing-keys';

const secrets = { SIGNING_KEYS_SECRET: text, PEPPER_SECRET: text };
const env = readEnv({ ...gateEnv, ...secrets, PASSWORD_GRANT: z.enum(['on', 'off']) });
const gate = openGate(env);
const keys = signingKeysOf(env.SIGNING_KEYS_SECRET, Date.now);
const pepper = keptSecret(env.PEPPER_SECRET);
const deps = { ...gate, keys, pepper, passwordGrant: env.PASSWORD_GRANT === 'on', now: Date.now, newId: randomUUID };

export const handler = serve(authRoutes, auth(deps), { ...gate, errorPage });
