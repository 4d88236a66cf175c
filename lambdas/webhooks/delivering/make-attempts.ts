import type { AuthenticatedPost } from '../post/authenticate';
import type { Outcome } from '../post/outcome';
import type { TargetPolicy } from '../post/target';
import { bodyFor } from '../publishing/body-for';
import type { Attempt, DeliveryRecord } from '../records/delivery';
import type { EndpointRecord } from '../records/endpoint';
import type { AttemptMessage } from '../records/message';
import type { Lanes } from '../stores/lanes';
import type { Log } from '../stores/log';
import { inBatches, sentAs } from './batches';
import { forAll } from './for-all';
import type { Gatekeeper } from './gatekeeper';
import type { EndpointOf, KnownEndpoint } from './known-endpoints';
import { putAside, turnAway } from './put-off';
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
  readonly claimedBy: string | undefined;
}

/**
 * Sends events to the endpoint that all of them are for, if they may be sent now, and writes down how that ended. An endpoint
 * that takes batches gets several at once; what is more than one anywhere else is sent one by one.
 */
export async function makeAttempts(deps: Delivering, all: readonly Begun[]): Promise<unknown> {
  const [first] = all;
  if (!first) return undefined;
  const { organisation, endpoint, trigger } = first.message;
  const known = await deps.endpointOf(organisation, endpoint);
  if (!known) return forAll(all, (begun) => putAside(deps.log, begun, 'cancelled'));
  if (known.endpoint.state !== 'enabled' && trigger !== 'test')
    return forAll(all, (begun) => putAside(deps.log, begun, 'held'));
  const asked = deps.gatekeeper.ask(known.endpoint, first.message);
  const passage = asked instanceof Promise ? await asked : asked;
  if (passage.go !== 'now') return turnAway(deps, all, passage, known.endpoint);
  const loaded = all.every(hasBody) ? all.map(withOwnBody) : await loadedFrom(deps.log, all, known);
  return forAll(inBatches(loaded, known.endpoint.batch), (batch) => send(deps, known, batch));
}

interface Sending extends Begun {
  readonly body: string;
}

const hasBody = ({ message }: Begun) => message.body !== undefined;
const withOwnBody = (begun: Begun): Sending => sending(begun, begun.message.body ?? '');

/** With what is sent, of which some have to be read. */
async function loadedFrom(log: Log, all: readonly Begun[], known: KnownEndpoint): Promise<readonly Sending[]> {
  const loaded = await Promise.all(all.map((begun) => loadedOf(log, begun, known)));
  return loaded.filter((each) => each !== undefined);
}

const sending = ({ message, before, claimedBy }: Begun, body: string): Sending => ({
  message,
  before,
  claimedBy,
  body,
});

async function loadedOf(log: Log, begun: Begun, { endpoint }: KnownEndpoint): Promise<Sending | undefined> {
  const { organisation, event, body } = begun.message;
  if (body !== undefined) return sending(begun, body);
  const found = await log.event(organisation, event);
  if (found) return sending(begun, bodyFor(found, endpoint));
  await putAside(log, begun, 'cancelled', 'the event is not kept any more');
  return undefined;
}

async function send(deps: Delivering, known: KnownEndpoint, batch: readonly Sending[]): Promise<void> {
  const { endpoint } = known;
  const startedAtMs = deps.nowMs();
  const { request, keyIds } = requestFor(deps, known, batch, startedAtMs);
  const outcome = await deps.post(request, known.authentication);
  const [first] = batch;
  const noting = first && deps.gatekeeper.note(endpoint, first.message, outcome);
  if (noting) await noting;
  await forAll(batch, (begun) =>
    end(deps, endpoint, begun, attemptOf(begun.message, outcome, startedAtMs, keyIds), outcome),
  );
}

/** Writes down how an attempt ended, of each event by itself. */
function end(
  deps: Delivering,
  endpoint: EndpointRecord,
  { message, before }: Begun,
  attempt: Attempt,
  outcome: Outcome,
): Promise<unknown> {
  const nowMs = deps.nowMs();
  const { scheduleSeconds } = retryOf(endpoint, message.type);
  const tries = (before?.tries ?? 0) + 1;
  const trigger = message.trigger;
  const verdict = verdictOf(outcome, { scheduleSeconds, trigger, tries, nowMs, random: deps.random() });
  return record(deps, { message, before, attempt, verdict, nowMs });
}

function requestFor(deps: Delivering, known: KnownEndpoint, batch: readonly Sending[], nowMs: number) {
  const { endpoint, signer } = known;
  const { id, body } = sentAs(batch, nowMs);
  const { headers: signature, keyIds } = signer.headersOf({
    messageId: id,
    timestampSeconds: Math.floor(nowMs / 1000),
    body,
    nowMs,
    style: endpoint.signature,
    asymmetric: endpoint.asymmetric,
  });
  let timeoutSeconds = 0;
  for (const { message } of batch)
    timeoutSeconds = Math.max(timeoutSeconds, retryOf(endpoint, message.type).timeoutSeconds);
  const request = {
    url: endpoint.url,
    headers: signature,
    more: known.headers,
    body,
    timeoutMs: timeoutSeconds * 1000,
    policy: deps.policy,
  };
  return { request, keyIds };
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
