import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { readEnv, text } from '../shared/env';
import { openPostgres, postgresEnv } from '../shared/postgres';
import { serve, serveEnv } from '../shared/serve';
import { auth } from './auth';
import { authRoutes } from './contract';
import { signingKeysOf } from './signing-keys';
import { postgresUsers } from './users';

const env = readEnv({ ...serveEnv, ...postgresEnv, SIGNING_KEYS_SECRET: text, PASSWORD_GRANT: z.enum(['on', 'off']) });

export const handler = serve(
  authRoutes,
  auth({
    users: postgresUsers(openPostgres(env)),
    keys: signingKeysOf(env.SIGNING_KEYS_SECRET, Date.now),
    passwordGrant: env.PASSWORD_GRANT === 'on',
    nowSeconds: () => Math.floor(Date.now() / 1000),
    newId: randomUUID,
  }),
  { corsOrigin: env.CORS_ORIGIN },
);
