import type { Pool } from 'pg';
import { awsIdentity, connectToken } from '../aws/aws-token';
import { port, text } from '../env';

/** The variables that `Database.grantConnect` sets in lib/data.ts. */
export const postgresEnv = {
  DATABASE_HOST: text,
  DATABASE_PORT: port,
  DATABASE_NAME: text,
  DATABASE_USER: text,
};

export interface PostgresAddress {
  readonly DATABASE_HOST: string;
  readonly DATABASE_PORT: number;
  readonly DATABASE_NAME: string;
  readonly DATABASE_USER: string;
}

/** One invocation at a time runs here, so few connections do; a proxy or the cluster serves many environments. */
const CONNECTIONS = 3;
const CONNECT_TIMEOUT_MS = 5_000;

/** The pool, made when it is first asked for. */
export type OpenPool = () => Promise<Pool>;

/**
 * A pool that signs in with an IAM token per connection over TLS. The driver is loaded, and a connection made, by the
 * first query: a function whose answers come from Redis pays for neither.
 */
export function openPostgres(address: PostgresAddress): OpenPool {
  let pool: Promise<Pool> | undefined;
  return () => (pool ??= poolOf(address));
}

async function poolOf(address: PostgresAddress): Promise<Pool> {
  const { Pool: PgPool } = await import('./pg.lazy');
  const { DATABASE_HOST: host, DATABASE_PORT, DATABASE_NAME: database, DATABASE_USER: user } = address;
  const pool = new PgPool({
    host,
    port: DATABASE_PORT,
    database,
    user,
    password: () => connectToken(awsIdentity(), 'rds-db', `${host}:${DATABASE_PORT}`, { DBUser: user }),
    ssl: { rejectUnauthorized: true },
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  // An idle connection that the other side closes must not end the process: the next query opens a new one.
  pool.on('error', () => undefined);
  return pool;
}

/** Single statements, each on a connection of its own. */
export const statementsOn = (open: OpenPool) => ({
  query: async (statement: string, values: readonly unknown[] = []) => (await open()).query(statement, [...values]),
});

const AWAY_STATES = /^(08...|57P0[1-3]|53300)$/;
const AWAY_CODES = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENOTFOUND'];
/** What the driver says without a code of its own. */
const AWAY_WORDS =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/;

/**
 * Whether an error says that the database cannot be reached, rather than that it was asked something wrong: it wakes,
 * fails over, is full, or has gone in the middle of a statement.
 */
export function isDatabaseAway(error: unknown): boolean {
  const { code = '', message = '', errors = [] }: Readonly<Record<string, unknown>> = Object(error);
  return (
    AWAY_STATES.test(String(code)) ||
    AWAY_CODES.includes(String(code)) ||
    AWAY_WORDS.test(String(message)) ||
    // Of a host with several addresses, one for each.
    (Array.isArray(errors) && errors.some(isDatabaseAway))
  );
}
