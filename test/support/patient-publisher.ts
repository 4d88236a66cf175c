import { setTimeout as pause } from 'node:timers/promises';
import { type Client, ClientError } from '../../lambdas/shared/http/client';
import type { webhookRoutes } from '../../lambdas/webhooks/contract';

export type Webhooks = Client<typeof webhookRoutes>;

interface Event {
  /** The publisher's own. */
  readonly id: string;
  readonly type: string;
  readonly data: Record<string, unknown>;
}

const PAUSE_MS = 200;
const COMES_AGAIN = (error: unknown) => !(error instanceof ClientError) || error.status >= 500 || error.status === 429;

/** Publishes as a caller does that must not lose an event: what is not accepted is published again, with the same id. */
export class PatientPublisher {
  /** The ids of events as they were accepted, by the publisher's own. */
  readonly accepted = new Map<string, string>();

  constructor(readonly webhooks: Webhooks) {}

  async publish(events: readonly Event[]): Promise<void> {
    for (let left = events; left.length > 0; ) {
      await this.#once(left).catch((error: unknown) => {
        if (!COMES_AGAIN(error)) throw error;
      });
      left = left.filter(({ id }) => !this.accepted.has(id));
      if (left.length > 0) await pause(PAUSE_MS);
    }
  }

  async #once(events: readonly Event[]): Promise<void> {
    const { items } = await this.webhooks.publishEvents({ body: { events: [...events] } });
    for (const [index, { status, id }] of items.entries()) {
      const own = events[index]?.id ?? '';
      if (status === 202 && id !== undefined) this.#accept(own, id);
      else if (status !== 503) throw new ClientError('publishEvents', status, { detail: own });
    }
  }

  #accept(own: string, id: string): void {
    const before = this.accepted.get(own) ?? id;
    if (before !== id) throw new Error(`${own} is ${before}, and ${id} when it is published again`);
    this.accepted.set(own, id);
  }
}
