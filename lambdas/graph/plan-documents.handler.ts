import { readEnv } from '../shared/env';
import { openPostgres, postgresEnv, statementsOn } from '../shared/stores/postgres';
import { openRedis, redisEnv } from '../shared/stores/redis';
import { planDocuments } from './plan-documents';

const env = readEnv({ ...postgresEnv, ...redisEnv });
const deps = {
  redis: openRedis(env),
  sql: statementsOn(openPostgres(env)),
  openPlanner: async (supergraph: string) => (await import('./planning/planner.lazy')).openPlanner(supergraph),
  nowMs: () => performance.now(),
  /** Of the 300 s that the function has (lib/graph.ts). */
  longestMs: 200_000,
};

/** Asked by the registry when it has published something, and by the clock: what it is to do it finds out itself. */
export const handler = async () => {
  await planDocuments(deps);
  return { statusCode: 204 };
};
