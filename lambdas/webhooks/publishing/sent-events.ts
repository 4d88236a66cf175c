import type { Commands } from '../../shared/stores/redis';

/**
 * Which events have been sent off, so that a caller who repeats a request makes no second message. It is known for a day, by
 * Redis alone: without it the log is asked which deliveries there are, and what is not there is sent off once more.
 */
export interface SentEvents {
  are(ids: readonly string[]): Promise<readonly boolean[]>;
  note(ids: readonly string[]): Promise<void>;
}

const KNOWN_SECONDS = 86_400;
const keyOf = (id: string) => `webhooks:sent:${id}`;

export const sentEvents = (redis: Commands): SentEvents => ({
  are: (ids) =>
    Promise.all(
      ids.map((id) =>
        redis.call('EXISTS', keyOf(id)).then(
          (found) => Number(found) === 1,
          () => false,
        ),
      ),
    ),
  async note(ids) {
    await Promise.all(ids.map((id) => redis.call('SET', keyOf(id), '1', 'EX', KNOWN_SECONDS).catch(() => undefined)));
  },
});

/** Where there is no Redis: the log is asked each time. */
export const nothingSent: SentEvents = {
  are: (ids) => Promise.resolve(ids.map(() => false)),
  note: () => Promise.resolve(),
};
