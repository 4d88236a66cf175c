import { createServer } from 'node:http';

/** A receiver in a process of its own, so that what it costs is not counted. */
const server = createServer((request, response) => {
  request.resume().once('end', () => response.end('ok'));
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.send?.(server.address().port));
process.once('disconnect', () => process.exit());
