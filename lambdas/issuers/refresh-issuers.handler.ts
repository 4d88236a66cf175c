import type { CloudFormationCustomResourceEvent, ScheduledEvent } from 'aws-lambda';
import * as z from 'zod/mini';
import { customResource } from '../shared/aws/custom-resource';
import { fetchKeysBy } from '../shared/credentials/issuer-keys';
import { readEnv, text } from '../shared/env';
import { fromJson } from '../shared/json';
import { openPostgres, postgresEnv, statementsOn } from '../shared/stores/postgres';
import { openRedis, redisEnv } from '../shared/stores/redis';
import { refresh, SaidByStage } from './refresh';

const env = readEnv({ ...postgresEnv, ...redisEnv, KEYS_TABLE: text, ISSUER_KEYS_URL: text });
const { everything, stage } = refresh({
  records: { redis: openRedis(env).insist, table: env.KEYS_TABLE },
  fetchKeys: fetchKeysBy(env.ISSUER_KEYS_URL),
  nowSeconds: () => Math.floor(Date.now() / 1000),
});
const sql = statementsOn(openPostgres(env));
const onDeploy = customResource(({ issuers }) => stage(z.pipe(fromJson, SaidByStage).parse(issuers)));

/** By its schedule for all issuers; by CloudFormation, when they have changed, for those of the stage. */
export const handler = async (event: ScheduledEvent | CloudFormationCustomResourceEvent) =>
  'RequestType' in event ? onDeploy(event) : everything(sql);
