import { readEnv } from '../../../lambdas/shared/env';
import { openPostgres, postgresEnv, statementsOn } from '../../../lambdas/shared/stores/postgres';
import { serveSubgraph } from '../serve';
import { reviews } from './reviews';

export const handler = serveSubgraph(reviews, statementsOn(openPostgres(readEnv(postgresEnv))));
