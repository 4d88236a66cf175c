import { logger } from '../../shared/telemetry';
import { inTurns } from '../publishing/in-turns';
import { DUE_SHARDS } from '../stores/waiting';
import type { Waits } from '../stores/waits';
import type { Due, Responsible } from './due';

/** What is due before the next sweep is seen to now: queues deliver it to the second. */
export const AHEAD_MS = 60_000;
/** Of each shard. */
const AT_ONCE = 16;

interface Sweeping {
  readonly waits: Waits;
  nowMs(): number;
}

/**
 * Sees to whatever is due, until all is done or this run's time is over: the next one goes on. Rejects at the end where
 * some of it failed, which stays due.
 */
export async function sweep({ waits, nowMs }: Sweeping, responsible: Responsible, untilMs: number): Promise<void> {
  const dueMs = nowMs() + AHEAD_MS;
  let failed = 0;
  const see = (due: Due) =>
    seeTo(responsible, due).catch((error: unknown) => {
      failed += 1;
      logger.error('something due was not seen to', {
        what: due.pk,
        error: error instanceof Error ? error : 'unknown failure',
      });
    });
  const sweepShard = async (shard: number) => {
    let page: Awaited<ReturnType<Waits['due']>> | undefined;
    do {
      page = await waits.due(shard, dueMs, page?.last);
      await inTurns(page.items, AT_ONCE, (due) => (nowMs() < untilMs ? see(due) : Promise.resolve()));
    } while (page.last && nowMs() < untilMs);
  };
  await Promise.all(Array.from({ length: DUE_SHARDS }, (_, shard) => sweepShard(shard)));
  if (failed > 0) throw new Error(`${failed} things that are due were not seen to`);
}

async function seeTo(responsible: Responsible, due: Due): Promise<void> {
  const prefix = due.pk.slice(0, due.pk.indexOf('#') + 1);
  const see = responsible[prefix];
  if (!see) throw new Error('nobody is responsible for it');
  await see(due);
}
