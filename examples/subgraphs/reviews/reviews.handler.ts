import { readEnv } from '../../../lambdas/shared/env';
import { openPostgres, postgresEnv } from '../../../lambdas/shared/postgres';
import { serveSubgraph } from '../serve';
import { reviews } from './reviews';

export const handler = serveSubgraph(reviews, openPostgres(readEnv(postgresEnv)));
