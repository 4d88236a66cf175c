import { countWebhook, logger } from '../../shared/telemetry';
import { DAY_SECONDS } from '../plans';
import type { DeliveryRecord } from '../records/delivery';
import type { EndpointRecord } from '../records/endpoint';
import { type Draft, type Publishing, publish } from './publish';

/** What types of events begin with that the platform itself publishes to tenants. */
const OURS = 'gatehouse.';
export const OPERATIONAL = {
  failing: `${OURS}endpoint.failing`,
  disabled: `${OURS}endpoint.disabled`,
  exhausted: `${OURS}delivery.exhausted`,
} as const;

/** Tells a tenant how its endpoints do. What is told twice is one event. */
export interface Operational {
  failing(endpoint: EndpointRecord, sinceMs: number): Promise<void>;
  /** Of an endpoint that is disabled by now. */
  disabled(endpoint: EndpointRecord): Promise<void>;
  exhausted(delivery: DeliveryRecord): Promise<void>;
}

const KEPT_SECONDS = 7 * DAY_SECONDS;
const time = (ms: number) => new Date(ms).toISOString();

export function operational(deps: Publishing): Operational {
  const tell = async (organisation: string, about: string, event: Pick<Draft, 'type' | 'timestamp' | 'data'>) => {
    const { type, data } = event;
    logger.info('a tenant is told', { type, endpoint: about });
    const draft = { ...event, version: 1, key: `operational ${type} ${JSON.stringify(data)}` };
    const routing = await deps.routingOf(organisation);
    const route: typeof routing.route = (view) =>
      routing.route(view).filter(({ id, types }) => id !== about && types.some(asksForOurs));
    if (route(draft).length === 0) return;
    const routed = { ...deps, routingOf: () => Promise.resolve({ ...routing, route }) };
    const [published] = await publish(routed, organisation, [draft], KEPT_SECONDS);
    if (published?.outcome === 'away') throw new Error('the event is not on its way yet');
  };
  return {
    async failing({ organisation, id, url }, sinceMs) {
      countWebhook('EndpointFailing');
      const data = { endpoint: id, url, since: time(sinceMs) };
      await tell(organisation, id, { type: OPERATIONAL.failing, timestamp: time(sinceMs), data });
    },
    async disabled({ organisation, id, url, stateReason, stateSinceMs }) {
      countWebhook('EndpointDisabled');
      const data = { endpoint: id, url, reason: stateReason, since: time(stateSinceMs) };
      await tell(organisation, id, { type: OPERATIONAL.disabled, timestamp: time(stateSinceMs), data });
    },
    async exhausted({ organisation, endpoint, event, type, attempts, last }) {
      // How we fail to tell is not told in turn.
      if (type.startsWith(OURS)) return;
      countWebhook('DeliveryExhausted');
      const { startedAtMs = 0, status = null, error } = last ?? {};
      const data = { endpoint, event, type, attempts, lastStatus: status, lastError: error?.class ?? null };
      await tell(organisation, endpoint, { type: OPERATIONAL.exhausted, timestamp: time(startedAtMs), data });
    },
  };
}

/** Whoever takes all events has asked for those of its own services: ours are asked for by name. */
const asksForOurs = (type: string): boolean => type.startsWith(OURS);
