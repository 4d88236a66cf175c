import { randomUUID } from 'node:crypto';
import { customResource } from '../shared/aws/custom-resource';
import { readEnv, text } from '../shared/env';
import { openPostgres, postgresEnv } from '../shared/stores/postgres';
import { putSecretText } from '../shared/stores/secrets';
import { FirstAdmin, inviteFirstAdmin } from './first-admin';

const env = readEnv({ ...postgresEnv, FIRST_INVITATION_SECRET: text });
const deps = { pool: openPostgres(env), newId: randomUUID };

export const handler = customResource(async (properties) => {
  const invitation = await inviteFirstAdmin(FirstAdmin.parse(properties), deps);
  if (invitation) await putSecretText(env.FIRST_INVITATION_SECRET, JSON.stringify(invitation));
});
