import type { Client } from 'pg';
import * as z from 'zod/mini';
import { fromJson } from '../json';

/** The login that owns the schema, as the text of RDS's secret holds it. */
export const OwnerLogin = z.pipe(
  fromJson,
  z.looseObject({
    username: z.string(),
    password: z.string(),
    host: z.string(),
    port: z.coerce.number(),
    dbname: z.string(),
  }),
);
export type OwnerLogin = z.output<typeof OwnerLogin>;

const CONNECT_TIMEOUT_MS = 60_000;

/** Runs `work` on one connection of the owner. A paused cluster takes about 15 s to wake, so this waits longer. */
export async function asOwner<T>(login: OwnerLogin, work: (client: Client) => Promise<T>): Promise<T> {
  const { username: user, password, host, port, dbname: database } = login;
  const { Client: PgClient } = await import('./pg.lazy');
  const client = new PgClient({
    host,
    port,
    database,
    user,
    password,
    ssl: { rejectUnauthorized: true },
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  // A lost connection fails the query that runs; without a listener it would end the process before that is told.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
