import type { Outcome } from '../post/outcome';
import type { EndpointRecord } from '../records/endpoint';
import type { AttemptMessage } from '../records/message';

/** What is to become of an attempt that is due. */
export type Passage =
  | { readonly go: 'now' }
  /** Its endpoint fails: it waits until a probe has come through. */
  | { readonly go: 'parked' }
  /** Not before: the slot of the endpoint's rate that it has been given. */
  | { readonly go: 'later'; readonly atMs: number; readonly slotMs: number }
  /** By the lane of endpoints that are slow. */
  | { readonly go: 'slow' };

/** Who knows how endpoints do, and lets attempts through accordingly. */
export interface Gatekeeper {
  ask(endpoint: EndpointRecord, message: AttemptMessage): Promise<Passage>;
  /** How an attempt ended. Never rejects. */
  note(endpoint: EndpointRecord, message: AttemptMessage, outcome: Outcome): Promise<void>;
}
