import type { AuthenticatedPost } from '../post/authenticate';
import { deliveryHeaders } from '../post/headers';
import type { Outcome } from '../post/outcome';
import type { TargetPolicy } from '../post/target';
import { bodyFor } from '../publishing/body-for';
import type { Attempt, DeliveryRecord } from '../records/delivery';
import type { AttemptMessage } from '../records/message';
import type { Lanes } from '../stores/lanes';
import type { Log } from '../stores/log';
import type { Gatekeeper } from './gatekeeper';
import type { EndpointOf, KnownEndpoint } from './known-endpoints';
import { putAside, turnAway } from './put-off';
import { isExhausted, record } from './record';
import { retryOf } from './schedule';
import { verdictOf } from './verdict';

export interface Delivering {
  readonly log: Log;
  readonly lanes: Lanes;
  readonly endpointOf: EndpointOf;
  readonly gatekeeper: Gatekeeper;
  readonly post: AuthenticatedPost;
  readonly policy: TargetPolicy;
  /** Tells the tenant that all attempts of a delivery have failed. It bears being told twice. */
  readonly tellExhausted: (delivery: DeliveryRecord) => Promise<void>;
  nowMs(): number;
  random(): number;
}

/** An attempt that is this worker's to make. */
export interface Begun {
  readonly message: AttemptMessage;
  /** As it was before; nothing before the first attempt. */
  readonly before: DeliveryRecord | undefined;
  /** Under which name it was claimed; a first attempt is not. */
  readonly claimedBy?: string;
}

/** Sends one event to one endpoint, if it may be sent now, and writes down how that ended. */
export async function makeAttempt(deps: Delivering, begun: Begun): Promise<void> {
  const { message, before } = begun;
  const known = await deps.endpointOf(message.organisation, message.endpoint);
  if (!known) return putAside(deps.log, begun, 'cancelled');
  if (known.endpoint.state !== 'enabled' && message.trigger !== 'test') return putAside(deps.log, begun, 'held');
  const passage = await deps.gatekeeper.ask(known.endpoint, message);
  if (passage.go !== 'now') return turnAway(deps, begun, passage);
  const body = message.body ?? (await bodyOf(deps.log, message, known));
  if (body === undefined) return putAside(deps.log, begun, 'cancelled', 'the event is not kept any more');
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
  const verdict = verdictOf(outcome, { ...retry, trigger: message.trigger, tries, nowMs, random: deps.random() });
  const attempt = attemptOf(message, outcome, startedAtMs, keyIds);
  const after = await record(deps.log, deps.lanes, { message, before, attempt, verdict, nowMs });
  if (isExhausted(after)) await deps.tellExhausted(after);
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
