import { readEnv } from '../../../lambdas/shared/env';
import { openPostgres, postgresEnv, statementsOn } from '../../../lambdas/shared/stores/postgres';
import { serveSubgraph } from '../serve';
import { accounts } from './accounts';

export const handler = serveSubgraph(accounts, statementsOn(openPostgres(readEnv(postgresEnv))));
