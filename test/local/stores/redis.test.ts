import { Redis } from 'ioredis';
import { startRedis } from '../../../local/stores/redis';
import { temporaryFolder, until, watcher } from '../support';

const folder = temporaryFolder();

test('a Redis that dies is started again at the same place with its data, also when it dies while it starts', async () => {
  const started: number[] = [];
  const crashes: string[] = [];
  let isDoomed = false;
  const store = await startRedis({
    folder,
    watcher: {
      ...watcher,
      watch(pid) {
        started.push(pid);
        if (isDoomed) process.kill(pid, 'SIGKILL');
        isDoomed = false;
      },
    },
    onCrash: ({ message }) => void crashes.push(message),
  });
  const { host, port, password = '' } = store.address;
  const client = new Redis({ host, port, password, maxRetriesPerRequest: null });
  client.on('error', () => undefined);
  await client.set('kept', 'yes');
  isDoomed = true;
  process.kill(started[0] ?? 0, 'SIGKILL');
  await until(() => started.length === 3);
  expect(await client.get('kept')).toBe('yes');
  expect(crashes).toHaveLength(1);
  client.disconnect();
  await store.stop();
  expect(started).toHaveLength(3);
}, 30_000);
