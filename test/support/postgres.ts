import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Pool } from 'pg';
import * as z from 'zod/mini';

export interface TestPostgres {
  readonly port: number;
  /** Signed in as the superuser, as migrations are. */
  readonly master: Pool;
  /** Opens a pool for this role, whose password must be `test`. */
  as(user: string): Pool;
  /** Ends the server under its pools, as an outage would. */
  halt(): Promise<void>;
  stop(): Promise<void>;
}

const Ready = z.tuple([z.object({ port: z.int() })], z.unknown());

/** An empty PostgreSQL of its own on a free loopback port, with the role `rds_iam` as Aurora has it. */
export async function startPostgres(): Promise<TestPostgres> {
  const host = fork(join(__dirname, 'postgres-host.mjs'), { execArgv: [] });
  const [{ port }] = Ready.parse(await Promise.race([once(host, 'message'), once(host, 'exit')]));
  const pools: Pool[] = [];
  const as = (user: string) => {
    const pool = new Pool({ host: '127.0.0.1', port, user, password: 'test', database: 'postgres', max: 3 });
    // A server that stops may end a connection that is just being closed.
    pool.on('error', () => undefined);
    pools.push(pool);
    return pool;
  };
  const halt = async () => {
    host.disconnect();
    await once(host, 'exit');
  };
  const master = as('master');
  await master.query('create role rds_iam');
  return {
    port,
    master,
    as,
    halt,
    async stop() {
      await Promise.all(pools.map((pool) => pool.end()));
      await halt();
    },
  };
}
