import { type AttemptMessage, messageText } from '../records/message';
import type { Outgoing, SendAll } from './queue';

/** The queues. First attempts never wait behind what comes again, nor behind endpoints that are slow. */
export interface Lanes {
  readonly deliveries: SendAll;
  readonly retries: SendAll;
  /** Of endpoints that take batches. */
  readonly bulk: SendAll;
}

/** A message for a queue: the endpoint is its group, so that one with much to do leaves room for the others. */
export const outgoing = (message: AttemptMessage, delaySeconds = 0): Outgoing => ({
  body: messageText(message),
  group: message.endpoint,
  delaySeconds,
});
