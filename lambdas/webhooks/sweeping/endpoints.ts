import { closed, drainRate, nextDrain, nextProbe } from '../delivering/breaker';
import { disable } from '../delivering/disable';
import { nextMessage } from '../delivering/record';
import type { Operational } from '../publishing/operational';
import type { DeliveryRecord, Trigger } from '../records/delivery';
import type { EndpointRecord } from '../records/endpoint';
import type { Change, EndpointPlace, EndpointState } from '../records/endpoint-state';
import type { EndpointStates } from '../stores/endpoint-states';
import type { Endpoints } from '../stores/endpoints';
import { type Lanes, outgoing } from '../stores/lanes';
import { endpointIn, type Log } from '../stores/log';
import { placeOf } from '../stores/waiting';
import type { Waits } from '../stores/waits';
import type { SeeTo } from './due';
import { moveAway } from './move-away';
import { AHEAD_MS } from './sweep';

export interface EndpointSteps {
  readonly states: EndpointStates;
  readonly endpoints: Endpoints;
  readonly waits: Waits;
  readonly log: Log;
  readonly lanes: Lanes;
  readonly tell: Operational;
  nowMs(): number;
}

/** A breaker is closed in all environments long before, and whoever parked a delivery until then has written it. */
const LAST_LOOK_MS = 120_000;
const STEP_SECONDS = 60;
/** Deliveries of a step are sent on their way over this time, so that the next one finds them gone. */
const STEP_SPREAD_SECONDS = 50;

/** What an endpoint needs next: a probe, more of its deliveries, or that they wait no longer. */
export const seeToEndpoint =
  (deps: EndpointSteps, untilMs: number): SeeTo =>
  async ({ pk, at }) => {
    const place = endpointIn(pk);
    const state = await deps.states.get(place, { consistent: true });
    // The index may be a moment behind.
    if (state.at !== at) return;
    const endpoint = await concluded(deps, state, await deps.endpoints.get(place.organisation, place.id));
    const next = await step(deps, { place, state, untilMs }, endpoint);
    // Whoever has changed it meanwhile, or done the same, has said when it is due.
    await deps.states.change(place, { ...next, ...DONE }, { at });
  };

const DONE = { untold: undefined, disabling: undefined, disablingAtMs: undefined };

/** The endpoint, disabled where it is to be; its tenant is told what has not been told yet. */
async function concluded(
  { endpoints, tell, nowMs }: EndpointSteps,
  { disabling, disablingAtMs = 0, untold, openedAtMs = nowMs() }: EndpointState,
  endpoint: EndpointRecord | undefined,
) {
  if (!endpoint) return undefined;
  if (untold) await tell.failing(endpoint, openedAtMs);
  if (disabling === undefined) return endpoint;
  const disabled = await disable(endpoints, endpoint, disabling, disablingAtMs);
  if (disabled?.state === 'disabled' && disabled.stateReason === disabling) await tell.disabled(disabled);
  return disabled;
}

interface Standing {
  readonly place: EndpointPlace;
  readonly state: EndpointState;
  readonly untilMs: number;
}

async function step(deps: EndpointSteps, standing: Standing, endpoint: EndpointRecord | undefined): Promise<Change> {
  const { place, state, untilMs } = standing;
  if (endpoint?.state === 'enabled')
    return state.breaker === 'open' ? probe(deps, place, state) : drain(deps, state, endpoint);
  const to = endpoint ? 'held' : 'cancelled';
  let moved = await moveAway(deps, place, 'parked', to, untilMs);
  if (!endpoint) moved += await moveAway(deps, place, 'held', to, untilMs);
  return settled(deps, state, moved);
}

/** All that waited is gone or on its way: one last look, and another one where it found something. */
const settled = ({ nowMs }: EndpointSteps, { breaker }: EndpointState, found: number): Change =>
  closed(found > 0 || breaker !== undefined ? nowMs() + LAST_LOOK_MS : undefined);

async function probe(deps: EndpointSteps, place: EndpointPlace, state: EndpointState): Promise<Change> {
  const { probeAtMs = deps.nowMs() } = state;
  const now = deps.nowMs();
  if (probeAtMs > now + AHEAD_MS) return { dueMs: probeAtMs };
  const [oldest] = await parked(deps, place, 1);
  // Nothing waits that could ask how it does: the next delivery does.
  if (!oldest) return settled(deps, state, 0);
  await send(deps, [oldest], 'probe', () => (probeAtMs - now) / 1000);
  return nextProbe(state, Math.max(probeAtMs, now));
}

/** Sends the next deliveries that were parked, evenly over the time until the next step. */
async function drain(deps: EndpointSteps, state: EndpointState, endpoint: EndpointRecord): Promise<Change> {
  const perSecond = Math.min(drainRate(state), endpoint.ratePerSecond ?? Number.POSITIVE_INFINITY);
  const most = Math.max(1, Math.floor(perSecond * STEP_SECONDS));
  const found = await parked(deps, endpoint, most + 1);
  const next = found.slice(0, most);
  await send(deps, next, 'drain', (place) => (place * STEP_SPREAD_SECONDS) / most);
  const isAll = found.length <= most;
  return isAll ? settled(deps, state, found.length) : nextDrain(state, deps.nowMs() + STEP_SECONDS * 1000);
}

const parked = async ({ waits }: EndpointSteps, { organisation, id }: EndpointPlace, limit: number) => {
  const found = await waits.oldest(placeOf('parked', organisation, id), limit);
  return found.filter(({ state }) => state === 'parked');
};

async function send(
  { lanes }: EndpointSteps,
  deliveries: readonly DeliveryRecord[],
  trigger: Trigger,
  delaySeconds: (place: number) => number,
): Promise<void> {
  const messages = deliveries.map((delivery, place) =>
    outgoing(nextMessage(delivery, trigger), Math.max(0, delaySeconds(place))),
  );
  const failed = await lanes.retries(messages);
  if (failed.length > 0) throw new Error('the queue of retries did not take all messages');
}
