import { readEnv } from '../../../lambdas/shared/env';
import { openPostgres, postgresEnv } from '../../../lambdas/shared/postgres';
import { serveSubgraph } from '../serve';
import { products } from './products';

export const handler = serveSubgraph(products, openPostgres(readEnv(postgresEnv)));
