import { type MessagePort, parentPort } from 'node:worker_threads';
import { compose } from './compose';
import type { Service } from './composed';

/** The thread behind compose-apart.ts: each question comes with the port for its answer. */
parentPort?.on('message', ({ services, port }: { services: readonly Service[]; port: MessagePort }) => {
  port.postMessage(compose(services));
});
