import type { AuthenticatedPost } from '../post/authenticate';
import { deliveryHeaders } from '../post/headers';
import type { Outcome } from '../post/outcome';
import type { TargetPolicy } from '../post/target';
import { bodyFor } from '../publishing/body-for';
import type { Attempt, DeliveryRecord, DeliveryState } from '../records/delivery';
import type { AttemptMessage } from '../records/message';
import { type Lanes, outgoing } from '../stores/lanes';
import type { Log } from '../stores/log';
import { heldAt, parkedAt } from '../stores/waiting';
import type { Gatekeeper, Passage } from './gatekeeper';
import type { EndpointOf, KnownEndpoint } from './known-endpoints';
import { record } from './record';
import { retryOf } from './schedule';
import { verdictOf } from './verdict';

export interface Delivering {
  readonly log: Log;
  readonly lanes: Lanes;
  readonly endpointOf: EndpointOf;
  readonly gatekeeper: Gatekeeper;
  readonly post: AuthenticatedPost;
  readonly policy: TargetPolicy;
  nowMs(): number;
  random(): number;
}

/** Sends one event to one endpoint, if it may be sent now, and writes down how that ended. */
export async function makeAttempt(
  deps: Delivering,
  message: AttemptMessage,
  before: DeliveryRecord | undefined,
): Promise<void> {
  const known = await deps.endpointOf(message.organisation, message.endpoint);
  if (!known) return putAside(deps, message, before, 'cancelled');
  if (known.endpoint.state !== 'enabled' && message.trigger !== 'test') return putAside(deps, message, before, 'held');
  const passage = await deps.gatekeeper.ask(known.endpoint, message);
  if (passage.go !== 'now') return turnAway(deps, message, before, passage);
  const body = message.body ?? (await bodyOf(deps.log, message, known));
  if (body === undefined) return putAside(deps, message, before, 'cancelled', 'the event is not kept any more');
  await send(deps, { message, before, known, body });
}

async function bodyOf(log: Log, { organisation, event }: AttemptMessage, { endpoint }: KnownEndpoint) {
  const found = await log.event(organisation, event);
  return found && bodyFor(found, endpoint);
}

interface Sending {
  readonly message: AttemptMessage;
  readonly before: DeliveryRecord | undefined;
  readonly known: KnownEndpoint;
  readonly body: string;
}

async function send(deps: Delivering, { message, before, known, body }: Sending): Promise<void> {
  const { endpoint } = known;
  const retry = retryOf(endpoint, message.type);
  const startedAtMs = deps.nowMs();
  const { outcome, keyIds } = await post(deps, { message, before, known, body }, startedAtMs, retry.timeoutSeconds);
  await deps.gatekeeper.note(endpoint, message, outcome);
  const nowMs = deps.nowMs();
  const tries = (before?.tries ?? 0) + 1;
  const verdict = verdictOf(outcome, { ...retry, tries, nowMs, random: deps.random() });
  const attempt = attemptOf(message, outcome, startedAtMs, keyIds);
  await record(deps.log, deps.lanes, { message, before, attempt, verdict, nowMs });
}

async function post(deps: Delivering, { message, known, body }: Sending, nowMs: number, timeoutSeconds: number) {
  const { endpoint, signer } = known;
  const { headers: signature, keyIds } = signer.headersOf({
    messageId: message.event,
    timestampSeconds: Math.floor(nowMs / 1000),
    body,
    nowMs,
    style: endpoint.signature,
    asymmetric: endpoint.asymmetric,
  });
  const request = {
    url: endpoint.url,
    headers: deliveryHeaders(known.headers, signature),
    body,
    timeoutMs: timeoutSeconds * 1000,
    policy: deps.policy,
  };
  const outcome = await deps.post(request, known.authentication);
  return { outcome, keyIds };
}

const attemptOf = (
  message: AttemptMessage,
  outcome: Outcome,
  startedAtMs: number,
  keys: readonly string[],
): Attempt => ({
  number: message.number,
  trigger: message.trigger,
  startedAtMs,
  times: outcome.times,
  address: outcome.address,
  keys: [...keys],
  status: outcome.status,
  headers: outcome.headers,
  body: outcome.body,
  bodyBytes: outcome.bodyBytes,
  error: outcome.error,
});

async function turnAway(
  deps: Delivering,
  message: AttemptMessage,
  before: DeliveryRecord | undefined,
  passage: Exclude<Passage, { go: 'now' }>,
): Promise<void> {
  if (passage.go === 'parked') return putAside(deps, message, before, 'parked');
  const delaySeconds = passage.go === 'later' ? (passage.atMs - deps.nowMs()) / 1000 : 0;
  const next = { ...message, ...(passage.go === 'later' && { slotMs: passage.slotMs }) };
  const failed = await deps.lanes.retries([outgoing(next, Math.max(0, delaySeconds))]);
  if (failed.length > 0) throw new Error('the queue of retries did not take a message');
}

const PLACES = { held: heldAt, parked: parkedAt, cancelled: undefined };

/** Writes a delivery that makes no attempt now: it waits for its endpoint, or for nothing any more. */
async function putAside(
  { log }: Delivering,
  { organisation, endpoint, event, type, number, expiresAtSeconds }: AttemptMessage,
  before: DeliveryRecord | undefined,
  state: DeliveryState & keyof typeof PLACES,
  why?: string,
): Promise<void> {
  const delivery = before ?? { organisation, endpoint, event, type, attempts: number - 1, tries: 0, expiresAtSeconds };
  await log.putDelivery(
    { ...delivery, state, nextAtMs: undefined, why },
    PLACES[state]?.(organisation, endpoint, event),
  );
}
