import type { PoolClient } from 'pg';
import type { OpenPool } from './postgres';

/** Whom a transaction speaks for. Row-level security compares every row with it (migrations/0002-identity.sql). */
export interface Tenant {
  readonly organisation: string;
  /** Lets the transaction see this user's own memberships in other organisations. */
  readonly user?: string | undefined;
}

/** What statements are run on. Rows come back as they are: parse them. */
export interface Sql {
  query(
    text: string,
    values?: readonly unknown[],
  ): Promise<{ readonly rows: unknown[]; readonly rowCount: number | null }>;
}

/** No transaction lasts longer: a change in the cache counts as under way for twice this time (access/cache.ts). */
const LONGEST_MS = 15_000;

const SPEAK_FOR = "select set_config('gatehouse.organisation', $1, true), set_config('gatehouse.user', $2, true)";
const LIMIT = "set_config('transaction_timeout', $3, true)";

/** From here on the transaction speaks for `tenant`: for a change that belongs to two of them, the old and the new. */
export const speakFor = (sql: Sql, { organisation, user }: Tenant) => sql.query(SPEAK_FOR, [organisation, user ?? '']);

/** Runs `work` in one transaction of this tenant: all of it counts, or nothing. */
export async function inTenant<T>(open: OpenPool, tenant: Tenant, work: (sql: Sql) => Promise<T>): Promise<T> {
  const client = await (await open()).connect();
  client.on('error', ignore);
  try {
    await client.query('begin');
    await client.query(`${SPEAK_FOR}, ${LIMIT}`, [tenant.organisation, tenant.user ?? '', String(LONGEST_MS)]);
    const result = await work(statements(client));
    await client.query('commit');
    release(client);
    return result;
  } catch (error) {
    // Where the connection is lost this fails too, and PostgreSQL has rolled back by itself: `error` says why.
    const lost = await client.query('rollback').then(
      () => undefined,
      () => new Error('connection lost'),
    );
    release(client, lost);
    throw error;
  }
}

/** A lost connection fails the statement that runs; without a listener it would end the process before that is told. */
const ignore = () => undefined;

function release(client: PoolClient, lost?: Error): void {
  client.off('error', ignore);
  client.release(lost);
}

const statements = (client: PoolClient): Sql => ({ query: (text, values = []) => client.query(text, [...values]) });
