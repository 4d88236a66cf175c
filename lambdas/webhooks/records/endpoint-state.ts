import * as z from 'zod/mini';

const number = z.optional(z.number());
const count = z.prefault(z.int(), 0);

/** How an endpoint does, as all who send to it know it together. Of an endpoint that is well there is hardly anything. */
export const EndpointState = z.object({
  /** Which change it is the state after. */
  version: count,
  /** `open`: it fails, and its deliveries are parked. `draining`: it answers again, and they follow. Closed without. */
  breaker: z.optional(z.enum(['open', 'draining'])),
  /** In a row, and since when there has been nothing but failures. */
  failures: count,
  failingSinceMs: number,
  /** How many of those since `recentSinceMs`: what opens the breaker. */
  recent: count,
  recentSinceMs: number,
  openedAtMs: number,
  /** 1: its tenant is still to be told that it fails. */
  untold: number,
  /** The next probe, and how long it is waited for. */
  probeAtMs: number,
  probeWaitMs: number,
  /** While it drains: how many deliveries follow in a second. */
  perSecond: number,
  /** It is slow to answer: until then its deliveries go by a lane of their own. */
  slowUntilMs: number,
  /** The next free slot of its rate, in microseconds: whole numbers, so that none is closer to the next than it may be. */
  slotUs: number,
  /** It was overloaded: how far its slots are apart, when that was last changed, and when attempts begin again. */
  paceMs: number,
  pacedAtMs: number,
  pausedUntilMs: number,
  /** Why it is to be disabled and since when, until that is done and told. */
  disabling: z.optional(z.string()),
  disablingAtMs: number,
  /** Where it stands among what is due. */
  at: z.optional(z.string()),
});
export type EndpointState = z.output<typeof EndpointState>;

/** Fields as they are to be; what is undefined is taken away. */
export type Change = {
  readonly [K in Exclude<keyof EndpointState, 'at' | 'version'>]?: EndpointState[K] | undefined;
} & {
  /** When the sweep is to see to it. */
  readonly dueMs?: number | undefined;
};

/** An endpoint's name in the stores. */
export interface EndpointPlace {
  readonly organisation: string;
  readonly id: string;
}
