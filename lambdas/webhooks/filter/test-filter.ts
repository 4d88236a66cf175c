import type { Operations } from '../../shared/http/route';
import type { filterRoutes } from '../contracts/filters';
import { explainFilter } from './explain';

export const filterOperations: Operations<typeof filterRoutes> = {
  async testFilter({ body: { filter, event }, arrivedAtMs }) {
    const { type, channel, version = 1, timestamp = new Date(arrivedAtMs).toISOString(), data } = event;
    const { matches, why } = explainFilter(filter, { type, channel, version, timestamp, data });
    return { matches, why: [...why] };
  },
};
