import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { readEnv, text } from '../shared/env';
import { gateEnv, openGate } from '../shared/gate';
import { serve } from '../shared/serve';
import { auth } from './auth';
import { authRoutes } from './contract';
import { signingKeysOf } from './signing-keys';
import { postgresUsers } from './users';

const env = readEnv({ ...gateEnv, SIGNING_KEYS_SECRET: text, PASSWORD_GRANT: z.enum(['on', 'off']) });

const gate = openGate(env);

export const handler = serve(
  authRoutes,
  auth({
    users: postgresUsers(gate.pool),
    keys: signingKeysOf(env.SIGNING_KEYS_SECRET, Date.now),
    passwordGrant: env.PASSWORD_GRANT === 'on',
    nowSeconds: () => Math.floor(Date.now() / 1000),
    newId: randomUUID,
  }),
  gate,
);
