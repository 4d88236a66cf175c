// DynamoDB: dynalite with its data in the folder `workerData`.
import { parentPort, workerData } from 'node:worker_threads';
import dynalite from 'dynalite';

const server = dynalite({ path: workerData, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });

// dynalite checks its input when the request's body has ended, and throws on some, such as
// `{"RequestItems":{"Orders":null}}`: that would end the thread, and DynamoDB for everyone.
server.prependListener('request', (request, response) => {
  const emit = request.emit.bind(request);
  request.emit = (...event) => {
    try {
      return emit(...event);
    } catch (error) {
      response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(JSON.stringify({ __type: 'SerializationException', message: String(error) }));
      return true;
    }
  };
});

// dynalite closes its database once every connection has gone.
parentPort.once('message', () => {
  server.close(() => process.exit(0));
  server.closeAllConnections();
});

server.listen(0, '127.0.0.1', () => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort.postMessage(server.address().port);
});
