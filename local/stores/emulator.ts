import { Worker } from 'node:worker_threads';
import type { Running } from '../types';

/** How long an emulator may take to write what it holds before it is ended by force. */
const GRACE_MILLISECONDS = 2_000;

/**
 * Runs an emulator in a thread of its own: its modules load while the others start, its work does not stand in the
 * way of requests, and an exception in it ends the thread and not the host.
 * @param script a module that posts the port it listens on and ends when it gets a message
 * @param onCrash called when it ends without having been stopped
 */
export async function startEmulator(
  script: string,
  workerData: unknown,
  onCrash: (error: Error) => void,
): Promise<Running & { port: number }> {
  const worker = new Worker(script, { workerData, stdout: false });
  const ended = new Promise<void>((resolve) => {
    worker.once('exit', () => resolve());
  });
  const port = await new Promise<number>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  worker.on('error', onCrash);
  return {
    port,
    async stop() {
      worker.removeAllListeners('error').on('error', () => undefined);
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      worker.postMessage('stop');
      const timer = setTimeout(() => void worker.terminate(), GRACE_MILLISECONDS);
      await ended;
      clearTimeout(timer);
    },
  };
}
