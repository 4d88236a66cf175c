import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { MessageChannel, Worker } from 'node:worker_threads';
import { type Compose, Composed, type Service } from './composed';

/*
 * Composition proves that every field can be reached from everywhere it may be asked for. That grows with the product of
 * what subgraphs share: 100 kB of SDL can keep it busy for a minute and fill 3 GB (measured: 40 subgraphs that share 50
 * entities). It runs in a thread of its own, which is ended when it takes too much; Apollo's 1.3 MB are loaded there too,
 * and not by who only reads.
 */

export interface Bounds {
  readonly milliseconds: number;
  readonly megabytes: number;
}

/** Less than the transaction that waits for it may last, and less than the function's memory (lib/registry.ts). */
export const BOUNDS: Bounds = { milliseconds: 10_000, megabytes: 1_400 };

const TOO_COMPLEX: Composed = {
  ok: false,
  errors: [
    {
      code: 'TOO_COMPLEX',
      message: 'The subgraphs take too long to compose: share fewer types between them, or split fewer of them.',
      positions: [],
    },
  ],
};

/** @param start the thread that runs compose.worker.ts; it is kept for the next composition, and made anew after a failure */
export function composeApart(start: (bounds: Bounds) => Worker, bounds: Bounds = BOUNDS): Compose {
  let kept: Worker | undefined;
  return async (services) => {
    const worker = (kept ??= idle(start(bounds)));
    const answer = await answerOf(worker, services, bounds).catch((error: unknown) => {
      // It has ended, or ends: whatever went wrong, the next composition begins anew.
      kept = undefined;
      return Object(error).code === 'ERR_WORKER_OUT_OF_MEMORY' ? TOO_COMPLEX : Promise.reject(error);
    });
    if (answer === TOO_COMPLEX) {
      kept = undefined;
      await worker.terminate();
    }
    return answer;
  };
}

/** It keeps no process alive that has nothing else to do. */
function idle(worker: Worker): Worker {
  worker.unref();
  return worker;
}

/** The file that `bin/build.ts` lays beside the function. */
export const workerIn = (file: string) => (bounds: Bounds) =>
  new Worker(file, { resourceLimits: { maxOldGenerationSizeMb: bounds.megabytes } });

async function answerOf(worker: Worker, services: readonly Service[], { milliseconds }: Bounds): Promise<Composed> {
  const { port1, port2 } = new MessageChannel();
  const over = new AbortController();
  const { signal } = over;
  try {
    worker.postMessage({ services, port: port2 }, [port2]);
    return await Promise.race([
      once(port1, 'message', { signal }).then(([answer]) => Composed.parse(answer)),
      once(worker, 'error', { signal }).then(([error]) => Promise.reject<Composed>(error)),
      once(worker, 'exit', { signal }).then(() => Promise.reject<Composed>(new Error('the composition has ended'))),
      pause(milliseconds, TOO_COMPLEX, { signal }),
    ]);
  } finally {
    over.abort();
    port1.close();
  }
}
