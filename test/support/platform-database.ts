import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { type Migration, migrate } from '../../lambdas/migrate/migrate';
import { startPostgres, type TestPostgres } from './postgres';

const FOLDER = join(__dirname, '../../lambdas/migrate/migrations');

/** The migrations of the platform, as the deployed function reads them. */
export const platformMigrations: readonly Migration[] = readdirSync(FOLDER).map((name) => ({
  name,
  sql: readFileSync(join(FOLDER, name), 'utf8'),
}));

/** A lost connection fails the query that runs. */
const ignore = () => undefined;

/** Runs migrations on a connection of their own, as a deploy does. */
export async function migrateAll(pool: Pool, migrations: readonly Migration[]): Promise<readonly string[]> {
  const client = await pool.connect();
  client.on('error', ignore);
  try {
    return await migrate(client, migrations);
  } finally {
    client.off('error', ignore);
    client.release();
  }
}

export interface PlatformDatabase extends TestPostgres {
  /** Signed in as the functions are. */
  readonly app: Pool;
  /** Signed in as the function that signs people in. */
  readonly auth: Pool;
}

/** A PostgreSQL with the schema of the platform and no rows. */
export async function startPlatformDatabase(): Promise<PlatformDatabase> {
  const postgres = await startPostgres();
  await migrateAll(postgres.master, platformMigrations);
  await postgres.master.query("alter role gatehouse_app password 'test'");
  await postgres.master.query("alter role gatehouse_auth password 'test'");
  return { ...postgres, app: postgres.as('gatehouse_app'), auth: postgres.as('gatehouse_auth') };
}
