// DynamoDB: dynalite with its data in the folder `workerData`.
import { parentPort, workerData } from 'node:worker_threads';
import dynalite from 'dynalite';

const server = dynalite({ path: workerData, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });

// dynalite closes its database once every connection has gone.
parentPort.once('message', () => {
  server.close(() => process.exit(0));
  server.closeAllConnections();
});

server.listen(0, '127.0.0.1', () => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort.postMessage(server.address().port);
});
