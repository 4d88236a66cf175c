import { logger } from '../../shared/telemetry';
import type { Outcome } from '../post/outcome';
import type { EndpointRecord } from '../records/endpoint';
import type { Change, EndpointState } from '../records/endpoint-state';
import type { AttemptMessage } from '../records/message';
import type { EndpointStates } from '../stores/endpoint-states';
import { afterSuccess, isFailing, isGivenUp, isParked, opened, recentAfterMs } from './breaker';
import { type KnownStates, knownStates } from './known-states';
import { apartMs, recovered, slowed } from './pacing';
import { slotsOf } from './slots';
import { slowness } from './slowness';
import { isGone, isSuccess } from './verdict';

/** What is to become of an attempt that is due. */
export type Passage =
  | { readonly go: 'now' }
  /** Its endpoint fails: it waits until a probe has come through. */
  | { readonly go: 'parked' }
  /** Not before the slot of the endpoint's rate that it has been given. It may be handed out at `atMs`, and waits the rest. */
  | { readonly go: 'later'; readonly atMs: number; readonly slotMs: number }
  /** By the lane of endpoints that are slow. */
  | { readonly go: 'slow' };

/** Who knows how endpoints do, and lets attempts through accordingly: at once, where all that takes is known. */
export interface Gatekeeper {
  /** Waits for a slot that is near. */
  ask(endpoint: EndpointRecord, message: AttemptMessage): Passage | Promise<Passage>;
  /** How an attempt ended. Never rejects. */
  note(endpoint: EndpointRecord, message: AttemptMessage, outcome: Outcome): undefined | Promise<void>;
}

interface Keeping {
  readonly states: EndpointStates;
  /** Disables an endpoint that is gone or given up. */
  disable(endpoint: EndpointRecord, reason: string, atMs: number): Promise<unknown>;
  nowMs(): number;
  wait(ms: number): Promise<unknown>;
}

/** A slot that is nearer is waited for. Queues count in whole seconds, and take some of one to hand a message out. */
const NEAR_MS = 1_500;
const EARLIER_MS = 500;
/** A slot that is over for longer is no slot any more: others have theirs by now. */
const LATE_MS = 250;

const NOW: Passage = { go: 'now' };
const PARKED: Passage = { go: 'parked' };
const SLOW: Passage = { go: 'slow' };

export function gatekeeper(deps: Keeping): Gatekeeper {
  const known = knownStates(deps.states, deps.nowMs);
  const passes = slotPassage(deps, known);
  const noted = noting(deps, known);
  const passageOf = (endpoint: EndpointRecord, message: AttemptMessage, state: EndpointState) => {
    if (isParked(state, message.trigger)) return PARKED;
    if ((state.slowUntilMs ?? 0) > deps.nowMs() && isToBeMoved(endpoint, message)) return SLOW;
    return passes(endpoint, message, state);
  };
  return {
    ask(endpoint, message) {
      const state = known.of(endpoint);
      if (state instanceof Promise) return state.then((read) => passageOf(endpoint, message, read));
      return passageOf(endpoint, message, state);
    },
    note(endpoint, _, outcome) {
      const state = known.of(endpoint);
      const done =
        state instanceof Promise
          ? state.then((read) => noted(endpoint, outcome, read))
          : noted(endpoint, outcome, state);
      return done?.catch((error: unknown) => {
        logger.warn('how an attempt ended was not noted', {
          error: error instanceof Error ? error : 'unknown failure',
        });
      });
    },
  };
}

/** First attempts come by the lane of endpoints that are quick; all others do not. */
const isToBeMoved = ({ batch }: EndpointRecord, { trigger, isMoved, slotMs }: AttemptMessage): boolean =>
  trigger === 'event' && !isMoved && slotMs === undefined && !batch;

function slotPassage({ states, nowMs, wait }: Keeping, known: KnownStates) {
  const reserve = slotsOf(states);
  const slotFor = async (endpoint: EndpointRecord, message: AttemptMessage, state: EndpointState, apart: number) => {
    const { slotMs = 0 } = message;
    const { pausedUntilMs = 0 } = state;
    if (slotMs >= Math.max(nowMs() - LATE_MS, pausedUntilMs)) return slotMs;
    const notBeforeMs = Math.max(nowMs(), pausedUntilMs);
    const slot = await reserve(endpoint, { apartMs: apart, notBeforeMs, believedUs: state.slotUs });
    await known.learn(endpoint, slot.state);
    return slot.atMs;
  };
  const inTurn = async (
    endpoint: EndpointRecord,
    message: AttemptMessage,
    state: EndpointState,
    apart: number,
  ): Promise<Passage> => {
    const slotMs = await slotFor(endpoint, message, state, apart);
    const waitMs = slotMs - nowMs();
    if (waitMs > NEAR_MS) return { go: 'later', atMs: slotMs - EARLIER_MS, slotMs };
    if (waitMs > 0) await wait(waitMs);
    return NOW;
  };
  // No promise for what is free to go.
  return (endpoint: EndpointRecord, message: AttemptMessage, state: EndpointState): Passage | Promise<Passage> => {
    const apart = apartMs(endpoint, state, nowMs());
    if (apart === undefined || message.trigger === 'probe' || message.trigger === 'test') return NOW;
    return inTurn(endpoint, message, state, apart);
  };
}

function noting({ states, disable, nowMs }: Keeping, known: KnownStates) {
  const watch = slowness();
  /** The state after a change; nothing where somebody else was faster to open or to close the breaker. */
  const change = async (endpoint: EndpointRecord, before: EndpointState, next: Change) => {
    if (Object.keys(next).length === 0) return before;
    const after = await states.change(endpoint, next, { breaker: before.breaker });
    await known.learn(endpoint, after);
    return after;
  };
  const giveUp = async (endpoint: EndpointRecord, state: EndpointState, reason: string) => {
    const now = nowMs();
    // What must not be lost comes first: the sweep does what a crash has left undone, and tells the tenant.
    if (state.disabling === undefined)
      await known.learn(endpoint, await states.change(endpoint, { disabling: reason, disablingAtMs: now, dueMs: now }));
    await disable(endpoint, reason, now);
  };
  const failed = async (
    endpoint: EndpointRecord,
    outcome: Outcome,
    before: EndpointState,
    slow: Change | undefined,
  ) => {
    // Whoever asks for fewer requests has not failed.
    const counted = outcome.status === 429 ? before : await states.countFailure(endpoint, recentAfterMs(nowMs()));
    await known.learn(endpoint, counted);
    const now = nowMs();
    const after = await change(endpoint, counted, {
      ...(counted.failingSinceMs === undefined && { failingSinceMs: now }),
      ...slowed(endpoint, counted, outcome, now),
      ...(isFailing(counted, now) && opened(counted, now)),
      ...slow,
    });
    if (after && isGivenUp(after, endpoint.stateSinceMs, now))
      await giveUp(endpoint, after, 'it has done nothing but fail for five days');
  };
  const changed = async (endpoint: EndpointRecord, before: EndpointState, next: Change) =>
    void (await change(endpoint, before, next));
  return (endpoint: EndpointRecord, outcome: Outcome, before: EndpointState): Promise<void> | undefined => {
    const now = nowMs();
    const slow = watch(endpoint.id, before, outcome, now);
    if (isGone(outcome)) return giveUp(endpoint, before, 'it answered 410: it is gone');
    if (!isSuccess(outcome)) return failed(endpoint, outcome, before, slow);
    const after = afterSuccess(before, now);
    const faster = recovered(before, now);
    if (!after && !faster && !slow) return undefined;
    return changed(endpoint, before, { ...after, ...faster, ...slow });
  };
}
