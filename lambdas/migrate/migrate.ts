import { createHash } from 'node:crypto';
import type { ClientBase } from 'pg';
import * as z from 'zod/mini';

/** One numbered SQL file. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
}

const Applied = z.object({ name: z.string(), sha256: z.string() });
const NAME = /^\d{4}-[a-z0-9-]+\.sql$/;
/** Any constant will do; two deploys at once wait for each other on it. */
const LOCK = 7_264_001;

const BOOKKEEPING = `
  create table if not exists public.gatehouse_migrations (
    name text primary key,
    sha256 text not null,
    applied_at timestamptz not null default now()
  )`;

/**
 * Runs what has not run yet, in order of number, all in one transaction: either every file counts, or none does and the
 * schema is as it was. Throws when a file fails, naming it, and when one that has run was changed afterwards.
 */
export async function migrate(client: ClientBase, migrations: readonly Migration[]): Promise<readonly string[]> {
  const misnamed = migrations.find(({ name }) => !NAME.test(name));
  if (misnamed) throw new Error(`migration ${misnamed.name}: the name must be like 0001-what-it-does.sql`);
  await client.query('begin');
  try {
    const ran = await runPending(client, migrations);
    await client.query('commit');
    return ran;
  } catch (error) {
    // Where the connection is lost this fails too, and PostgreSQL has rolled back by itself: `error` says why.
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

async function runPending(client: ClientBase, migrations: readonly Migration[]): Promise<string[]> {
  await client.query('select pg_advisory_xact_lock($1)', [LOCK]);
  await client.query(BOOKKEEPING);
  const { rows } = await client.query('select name, sha256 from public.gatehouse_migrations');
  const applied = new Map(
    z
      .array(Applied)
      .parse(rows)
      .map(({ name, sha256 }) => [name, sha256]),
  );
  const ran: string[] = [];
  for (const { name, sql } of migrations.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const sha256 = createHash('sha256').update(sql).digest('hex');
    const before = applied.get(name);
    if (before !== undefined && before !== sha256)
      throw new Error(`migration ${name}: changed after it had run; add a new one`);
    if (before !== undefined) continue;
    await run(client, name, sql);
    await client.query('insert into public.gatehouse_migrations (name, sha256) values ($1, $2)', [name, sha256]);
    ran.push(name);
  }
  return ran;
}

async function run(client: ClientBase, name: string, sql: string): Promise<void> {
  try {
    await client.query(sql);
  } catch (error) {
    throw new Error(`migration ${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

const Found = z.object({ found: z.boolean() });
const HAS_AUDIT = "select to_regprocedure('gatehouse.make_audit_partitions(integer)') is not null as found";

/** Partitions of the audit for two years ahead; each deploy moves the end on. What no partition takes is kept too. */
export async function makeAuditPartitions(client: ClientBase): Promise<void> {
  // The migrations of the examples run in the same database, and on a first deploy before there is an audit.
  const { rows } = await client.query(HAS_AUDIT);
  if (Found.parse(rows[0]).found) await client.query('select gatehouse.make_audit_partitions(24)');
}
