import { customResource } from '../shared/aws/custom-resource';
import { readEnv, text } from '../shared/env';
import { openPostgres, postgresEnv } from '../shared/stores/postgres';
import { seedLogins } from './logins';

const env = readEnv({ ...postgresEnv, SEED_LOGINS_SECRET: text, PEPPER_SECRET: text, KEYS_TABLE: text, STAGE: text });
const pool = openPostgres(env);

export const handler = customResource(() => seedLogins(env, pool));
