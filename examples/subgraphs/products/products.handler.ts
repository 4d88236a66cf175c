import { readEnv } from '../../../lambdas/shared/env';
import { openPostgres, postgresEnv, statementsOn } from '../../../lambdas/shared/stores/postgres';
import { serveSubgraph } from '../serve';
import { products } from './products';

export const handler = serveSubgraph(products, statementsOn(openPostgres(readEnv(postgresEnv))));
