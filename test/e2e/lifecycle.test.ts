import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { until } from '../local/support';
import { call, tokenOf } from '../support/gateway';
import { startLocalHost } from '../support/local-host';
import { temporaryFolder } from '../support/temporary-folder';

/** Command lines of all processes below (or left behind by) the host, found by the data folder or by parentage. */
function processesOf(pid: number): readonly number[] {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  const pairs = rows.map((row) => row.trim().split(/\s+/).map(Number));
  const below = (parent: number): number[] =>
    pairs.filter(([, ppid]) => ppid === parent).flatMap(([child = 0]) => [child, ...below(child)]);
  return below(pid);
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const gone = async (pids: readonly number[], withinMs: number): Promise<readonly number[]> => {
  const deadline = Date.now() + withinMs;
  let left = pids.filter(isAlive);
  while (left.length > 0 && Date.now() < deadline) {
    await new Promise((done) => setTimeout(done, 50));
    left = left.filter(isAlive);
  }
  return left;
};

test('data stays between runs, and SIGTERM ends everything within 5 s', async () => {
  const data = temporaryFolder('gatehouse-life-');
  const first = await startLocalHost({ data });
  const keys = (await call('/.well-known/jwks.json', {}, first.url)).body;
  const pids = processesOf(first.pid);
  expect(pids.length).toBeGreaterThan(10);
  const asked = Date.now();
  expect(await first.end('SIGTERM')).toBe(0);
  expect(Date.now() - asked).toBeLessThan(5_000);
  expect(await gone(pids, 500)).toEqual([]);

  const second = await startLocalHost({ data });
  expect(second.password).toBe(first.password);
  expect(second.apiKey).toBe(first.apiKey);
  expect((await call('/.well-known/jwks.json', {}, second.url)).body).toEqual(keys);
  expect(await tokenOf('admin', second)).toEqual(expect.any(String));
  await second.end();

  const fresh = await startLocalHost({ data, flags: ['--no-build', '--fresh'] });
  expect(fresh.password).not.toBe(first.password);
  await fresh.end();
  rmSync(data, { recursive: true, force: true });
}, 120_000);

test('two copies run side by side, and kill -9 of one leaves none of its processes behind', async () => {
  const [one, other] = await Promise.all([startLocalHost(), startLocalHost()]);
  const pids = processesOf(one.pid);
  await one.end('SIGKILL');
  expect(await gone(pids, 5_000)).toEqual([]);
  // Its 50 ms for Redis are the machine's business beside another host's end: it is ready, or is again.
  await until(async () => (await call('/ready', {}, other.url)).status === 200);
  await other.end();
}, 120_000);

test('a second Ctrl-C ends at once what does not end by itself, and the reaper what is left', async () => {
  const data = temporaryFolder('gatehouse-life-');
  const host = await startLocalHost({ data });
  const pids = processesOf(host.pid);
  process.kill(Number.parseInt(readFileSync(join(data, 'postgres/data/postmaster.pid'), 'utf8'), 10), 'SIGSTOP');
  process.kill(host.pid, 'SIGINT');
  await host.printed(/Ctrl-C again ends at once/);
  await new Promise((done) => setTimeout(done, 500));
  const again = Date.now();
  expect(await host.end('SIGINT')).toBe(1);
  expect(Date.now() - again).toBeLessThan(2_500);
  expect(await gone(pids, 5_000)).toEqual([]);
  rmSync(data, { recursive: true, force: true });
}, 60_000);

test('a PostgreSQL that does not start is told in one line, and ends all that had started', async () => {
  const data = temporaryFolder('gatehouse-life-');
  mkdirSync(join(data, 'postgres/data'), { recursive: true });
  await expect(startLocalHost({ data })).rejects.toThrow(/^the host ended with 1: [^\n]*bin\/postgres ended [^\n]+\n$/);
  const left = execFileSync('ps', ['-eo', 'args='], { encoding: 'utf8' })
    .split('\n')
    .filter((args) => args.includes(data));
  expect(left).toEqual([]);
  expect(readdirSync(data)).not.toContain('host.pid');
  rmSync(data, { recursive: true, force: true });
});

test('a taken port, a taken data folder and a wrong option are each told in one line', async () => {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = z.object({ port: z.int() }).parse(server.address());
  await expect(startLocalHost({ env: { PORT: String(port) } })).rejects.toThrow(
    new RegExp(`^the host ended with 1: port ${port} is taken: [^\\n]+PORT=0[^\\n]+\\n$`),
  );
  server.close();
  await expect(startLocalHost({ env: { PORT: 'eighty' } })).rejects.toThrow(/: PORT=eighty is not a port\n$/);
  await expect(startLocalHost({ flags: ['--frsh'] })).rejects.toThrow(
    /: unknown option --frsh; there are --fresh[^\n]+\n$/,
  );
  await expect(startLocalHost({ env: { CLOCK_RATE: 'fast' } })).rejects.toThrow(
    /: CLOCK_RATE=fast is no number from 1 to 1000\n$/,
  );
  const data = temporaryFolder('gatehouse-life-');
  writeFileSync(join(data, 'host.pid'), String(process.pid));
  await expect(startLocalHost({ data })).rejects.toThrow(new RegExp(`in use by process ${process.pid}: [^\\n]+\\n$`));
  rmSync(data, { recursive: true, force: true });
});
