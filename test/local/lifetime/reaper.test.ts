import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { startReaper } from '../../../local/lifetime/reaper';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** A process that says `ready` when it runs. */
const run = async (script: string): Promise<{ readonly pid: number; readonly ended: Promise<unknown[]> }> => {
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const ended = once(child, 'exit');
  await once(child.stdout, 'data');
  return { pid: child.pid ?? 0, ended };
};

const STUBBORN = "process.on('SIGTERM', () => {}); process.stdout.write('ready'); setInterval(() => {}, 1000)";
const BUSY = "process.stdout.write('ready'); for (;;);";
const GRACEFUL = `process.on('SIGINT', () => process.exit(7)); process.stdout.write('ready'); setInterval(() => {}, 1000)`;

test('stop ends what is watched, politely at first and after 3 s for certain', async () => {
  const [graceful, stubborn] = await Promise.all([run(GRACEFUL), run(STUBBORN)]);
  const reaper = startReaper();
  reaper.watch(graceful.pid, 'SIGINT');
  reaper.watch(stubborn.pid);
  const started = Date.now();
  await reaper.stop();
  expect(Date.now() - started).toBeLessThan(5000);
  expect(await graceful.ended).toEqual([7, null]);
  expect(await stubborn.ended).toEqual([null, 'SIGKILL']);
});

test('what was forgotten is left alone', async () => {
  const other = await run(GRACEFUL);
  const reaper = startReaper();
  reaper.watch(other.pid);
  reaper.forget(other.pid);
  await reaper.stop();
  expect(process.kill(other.pid, 0)).toBe(true);
});

test('a host that is killed with -9 leaves nothing behind, not even a busy loop', async () => {
  const busy = await run(BUSY);
  const host = spawn(
    process.execPath,
    [
      '--import',
      'tsx',
      '-e',
      `const { startReaper } = require(${JSON.stringify(join(__dirname, '../../../local/lifetime/reaper.ts'))});
       startReaper().watch(${busy.pid}); process.stdout.write('ready'); setInterval(() => {}, 1000);`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  children.push(host);
  await once(host.stdout, 'data');
  host.kill('SIGKILL');
  expect(await busy.ended).toEqual([null, 'SIGTERM']);
});
