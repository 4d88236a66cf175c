import { refuse } from '../../shared/errors';
import { placeOf } from '../../shared/http/page';
import type { Operations } from '../../shared/http/route';
import type { deliveryRoutes } from '../contracts/deliveries';
import { nextMessage } from '../delivering/record';
import type { DeliveryRecord } from '../records/delivery';
import { EventId } from '../records/event';
import { listDeliveries } from '../stores/delivery-lists';
import type { Endpoints } from '../stores/endpoints';
import { type Lanes, outgoing } from '../stores/lanes';
import type { Log } from '../stores/log';
import type { Table } from '../stores/table';
import { attemptView, deliveryView } from './delivery-view';
import { startAnew } from './start-anew';

export interface Deliveries {
  readonly endpoints: Endpoints;
  readonly log: Log;
  readonly table: Table;
  readonly lanes: Lanes;
  nowMs(): number;
}

const RETRY_AFTER = { headers: { 'retry-after': '2' } };

export const deliveryOperations = (deps: Deliveries): Operations<typeof deliveryRoutes> => {
  const find = async (organisation: string, endpoint: string, event: string): Promise<DeliveryRecord> =>
    (await deps.log.delivery(organisation, endpoint, event)) ?? refuse('not_found');
  return {
    async listDeliveries({ principal, params, query }) {
      const { organisation } = principal;
      if (!(await deps.endpoints.get(organisation, params.id))) refuse('not_found');
      const { limit, after } = placeOf(EventId, query);
      const { deliveries, next } = await listDeliveries(deps.table, {
        organisation,
        endpoint: params.id,
        state: query.state,
        type: query.type,
        fromMs: query.from === undefined ? undefined : Date.parse(query.from),
        toMs: query.to === undefined ? undefined : Date.parse(query.to),
        before: after,
        limit,
      });
      return {
        items: deliveries.map(deliveryView),
        ...(next !== undefined && { next: Buffer.from(JSON.stringify(next)).toString('base64url') }),
      };
    },

    async getDelivery({ principal, params: { id, event } }) {
      const delivery = await find(principal.organisation, id, event);
      const written = await deps.log.attempts(principal.organisation, id, event);
      const attempts = written.length > 0 ? written : delivery.last ? [delivery.last] : [];
      return { ...deliveryView(delivery), history: attempts.map(attemptView) };
    },

    async replayDelivery({ principal, params: { id, event } }) {
      const { organisation } = principal;
      if (!(await deps.endpoints.get(organisation, id))) refuse('not_found');
      const delivery = await find(organisation, id, event);
      const anew = await startAnew(deps.log, delivery, deps.nowMs());
      if (!anew) return refuse('conflict', 'an attempt is being made just now');
      const failed = await deps.lanes.retries([outgoing(nextMessage(anew, 'replay'))]);
      if (failed.length > 0) refuse('not_ready', 'the queue does not answer', RETRY_AFTER);
      return { attempt: anew.attempts + 1 };
    },
  };
};
