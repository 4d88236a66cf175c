import type { Context, ScheduledEvent } from 'aws-lambda';
import { awsIdentity } from '../shared/aws/aws-token';
import { readEnv } from '../shared/env';
import { openSend, sendEnv, sendOptionsOf } from '../shared/http/send';
import { openPostgres, postgresEnv, statementsOn } from '../shared/stores/postgres';
import { openRedis, redisEnv } from '../shared/stores/redis';
import { checkSubgraphs } from './check-subgraphs';

const env = readEnv({ ...postgresEnv, ...redisEnv, ...sendEnv });
const deps = {
  redis: openRedis(env),
  sql: statementsOn(openPostgres(env)),
  send: openSend(sendOptionsOf(env, awsIdentity())),
  nowMs: Date.now,
};

export const handler = (_: ScheduledEvent, { awsRequestId }: Context) => checkSubgraphs(awsRequestId, deps);
