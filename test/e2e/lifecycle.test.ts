import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { listen } from '../../local/net';
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
  const until = Date.now() + withinMs;
  let left = pids.filter(isAlive);
  while (left.length > 0 && Date.now() < until) {
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
  expect((await call('/ready', {}, other.url)).status).toBe(200);
  await other.end();
}, 120_000);

test('a taken port, a taken data folder and a wrong option are each told in one line', async () => {
  const server = createServer();
  const port = await listen(server);
  await expect(startLocalHost({ env: { PORT: String(port) } })).rejects.toThrow(
    new RegExp(`^the host ended with 1: port ${port} is taken: [^\\n]+PORT=0[^\\n]+\\n$`),
  );
  server.close();
  await expect(startLocalHost({ env: { PORT: 'eighty' } })).rejects.toThrow(/: PORT=eighty is not a port\n$/);
  await expect(startLocalHost({ flags: ['--frsh'] })).rejects.toThrow(
    /: unknown option --frsh; there are --fresh[^\n]+\n$/,
  );
  const data = temporaryFolder('gatehouse-life-');
  writeFileSync(join(data, 'host.pid'), String(process.pid));
  await expect(startLocalHost({ data })).rejects.toThrow(new RegExp(`in use by process ${process.pid}: [^\\n]+\\n$`));
  rmSync(data, { recursive: true, force: true });
});

/** The code of the README's steps 1 and 2, as it stands there. */
const readme = readFileSync('README.md', 'utf8');
const [contract = '', operation = ''] = [...readme.matchAll(/ {3}```ts\n([\s\S]*?) {3}```/g)].map(
  ([, code = '']) => code,
);

test('--watch: a route added as the README says is served without a restart, and a change that does not compile leaves the old code', async () => {
  const checkout = temporaryFolder('gatehouse-life-');
  for (const name of [
    'bin',
    'lib',
    'lambdas',
    'examples',
    'local',
    'cdk.json',
    'package.json',
    'tsconfig.json',
    'cdk.out',
  ])
    cpSync(name, join(checkout, name), { recursive: true });
  symlinkSync(resolve('node_modules'), join(checkout, 'node_modules'));
  const host = await startLocalHost({ cwd: checkout, flags: ['--no-build', '--watch'] });
  await host.printed(/Watching/);
  const edit = (file: string, change: (source: string) => string) => {
    const path = join(checkout, 'lambdas/platform', file);
    writeFileSync(path, change(readFileSync(path, 'utf8')));
  };

  edit('platform.ts', (source) => `${source}\nexport const = ;\n`);
  await host.printed(/bin\/build\.ts failed/, 30_000);
  expect((await call('/health', {}, host.url)).status).toBe(200);
  expect((await call('/v1/greeting', {}, host.url)).status).toBe(404);

  edit('contract.ts', (source) => source.replace('  getHealth: {', `${contract}  getHealth: {`));
  edit('platform.ts', (source) =>
    source.replace('\nexport const = ;\n', '').replace('  async getReadiness', `${operation}  async getReadiness`),
  );
  await host.printed(/Swapped in \d+ ms: .*Platform/, 40_000);
  const { status, body } = await call('/v1/greeting?name=Ada', {}, host.url);
  expect([status, body]).toEqual([200, { greeting: 'Hello Ada' }]);
  expect((await call('/v1/greeting?nom=Ada', {}, host.url)).status).toBe(400);
  await host.end();
  rmSync(checkout, { recursive: true, force: true });
}, 120_000);
