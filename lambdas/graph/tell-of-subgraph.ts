import { countSubgraph, logger } from '../shared/telemetry';
import type { SubgraphNews } from './subgraph-breaker';

/** Says it in the log, and to the alarm: while a subgraph is away, each probe counts anew. */
export function tellOfSubgraph(subgraph: string, news: SubgraphNews): void {
  countSubgraph(news.state);
  if (news.state === 'back') logger.info('subgraph is back', { subgraph });
  else
    logger.warn('subgraph is away', { subgraph, error: news.cause instanceof Error ? news.cause : 'unknown failure' });
}
