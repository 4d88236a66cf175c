import { awsCall } from '../shared/aws/aws-call';
import type { Redis } from '../shared/stores/redis';
import type { Probe } from './readiness';

/*
 * Secrets Manager has no probe: reading a signing key to see whether it can be read would need the permission to read it.
 */

/** What the probe needs of a PostgreSQL pool. */
interface Sql {
  query(text: string): Promise<unknown>;
}

/**
 * Aurora at 0 ACU is asleep until somebody connects, and takes about 15 s to wake: the first probe wakes it, and the
 * answer is `down` until it is up. A monitor that polls `/ready` therefore keeps it awake; `/health` lets it sleep.
 */
export const postgresProbe = (pool: Sql): Probe => ({
  name: 'postgres',
  needed: true,
  check: () => pool.query('select 1'),
});

export const redisProbe = ({ insist }: Pick<Redis, 'insist'>): Probe => ({
  name: 'redis',
  needed: true,
  check: () => insist.call('PING'),
});

/** The table of API keys: without it tokens still work, so the platform stays ready. */
export const keysProbe = (table: string): Probe => ({
  name: 'keys',
  needed: false,
  check: () => awsCall('dynamodb', 'GetItem', { TableName: table, Key: { id: { S: 'probe' } } }),
});
