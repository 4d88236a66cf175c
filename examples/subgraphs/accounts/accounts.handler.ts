import { readEnv } from '../../../lambdas/shared/env';
import { openPostgres, postgresEnv } from '../../../lambdas/shared/postgres';
import { serveSubgraph } from '../serve';
import { accounts } from './accounts';

export const handler = serveSubgraph(accounts, openPostgres(readEnv(postgresEnv)));
