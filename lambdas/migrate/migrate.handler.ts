import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { customResource } from '../shared/aws/custom-resource';
import { readEnv, text } from '../shared/env';
import { asOwner, OwnerLogin } from '../shared/stores/owner';
import { readSecret } from '../shared/stores/secrets';
import { logger } from '../shared/telemetry';
import { makeAuditPartitions, migrate } from './migrate';

const env = readEnv({ DATABASE_OWNER_SECRET: text });
const folder = join(__dirname, 'migrations');
const migrations = readdirSync(folder).map((name) => ({ name, sql: readFileSync(join(folder, name), 'utf8') }));

export const handler = customResource(async () => {
  const login = await readSecret(env.DATABASE_OWNER_SECRET, OwnerLogin);
  const ran = await asOwner(login, async (client) => {
    const names = await migrate(client, migrations);
    await makeAuditPartitions(client);
    return names;
  });
  logger.info('migrated', { ran });
});
