// SQS: fauxqs, in memory, at the pace of `workerData`.
import { register } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import hasten from '../events/pace.cjs';

// fauxqs imports node:sqlite, which Node 20 lacks, for a persistence that is not part of its exports.
const sqlite = 'data:text/javascript,export class DatabaseSync {}';
const hook = `export const resolve = (name, context, next) =>
  name === 'node:sqlite' ? { url: '${sqlite}', shortCircuit: true } : next(name, context);`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);

hasten(workerData);
const { buildApp } = await import('fauxqs');
const app = buildApp({ logger: false });
parentPort.once('message', () => {
  void app.close().finally(() => process.exit(0));
});

// Its own startFauxqs listens on every interface.
await app.listen({ port: 0, host: '127.0.0.1' });
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
parentPort.postMessage(app.server.address().port);
