import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { startProgram } from '../../../local/stores/program';
import { findRedis } from '../../../local/stores/redis-binary';
import { temporaryFolder, until, watcher } from '../support';

const folder = temporaryFolder();
const path = process.env.PATH;
afterEach(() => {
  process.env.PATH = path;
});

/** A PATH that holds these scripts and nothing of what this machine has installed. */
function onlyOnPath(name: string, scripts: Record<string, string>): void {
  const bin = `${folder}/${name}`;
  mkdirSync(bin);
  for (const [script, text] of Object.entries(scripts)) {
    writeFileSync(`${bin}/${script}`, `#!/bin/sh\n${text}\n`);
    chmodSync(`${bin}/${script}`, 0o755);
  }
  process.env.PATH = bin;
}

/** apt-get and dpkg-deb as far as they are asked: one leaves an archive, the other unpacks a server from it. */
const APT = {
  'apt-get':
    'for o; do case "$o" in Dir::Cache=*) cache="${o#Dir::Cache=}";; esac; done; touch "$cache/archives/redis.deb"',
  'dpkg-deb': 'sleep 0.1; mkdir -p "$3/usr/bin" "$3/usr/lib/x86_64-linux-gnu"; touch "$3/usr/bin/redis-server"',
};

test('a server on the PATH is taken, Redis before Valkey', async () => {
  onlyOnPath('valkey', { 'valkey-server': '' });
  expect((await findRedis(`${folder}/none`)).path).toBe(`${folder}/valkey/valkey-server`);
  onlyOnPath('both', { 'valkey-server': '', 'redis-server': '' });
  expect(await findRedis(`${folder}/none`)).toEqual({ path: `${folder}/both/redis-server` });
});

test("without one, Debian's packages are unpacked into the cache, whole also when two hosts start at once", async () => {
  onlyOnPath('apt', APT);
  const cache = `${folder}/cache`;
  const [one, two] = await Promise.all([findRedis(cache), findRedis(cache)]);
  expect(one).toEqual(two);
  expect(one.path).toMatch(/\/cache\/redis-[\w.-]+\/usr\/bin\/redis-server$/);
  expect(one.libraries).toMatch(/\/usr\/lib\/x86_64-linux-gnu$/);
  expect(readdirSync(cache)).toHaveLength(1);
  onlyOnPath('broken', { 'apt-get': 'exit 1', 'dpkg-deb': 'exit 1' });
  expect(await findRedis(cache)).toEqual(one);
});

test.each([
  ['no package manager', {}],
  ['an apt-get without network', { ...APT, 'apt-get': 'exit 100' }],
])('with %s it says what to install', async (name, scripts) => {
  onlyOnPath(name.replaceAll(' ', '-'), scripts);
  await expect(findRedis(`${folder}/${name}`)).rejects.toThrow(
    'set REDIS_URL, or install one: `apt install redis-server`',
  );
});

const shell = (
  script: string,
  watch: (pid: number) => void = watcher.watch,
  onCrash: (error: Error) => void = () => undefined,
) =>
  startProgram('/bin/sh', ['-c', script], {
    ready: /ready/,
    stopSignal: 'SIGTERM',
    watcher: { ...watcher, watch },
    onCrash,
  });

const neverCalled = () => {
  throw new Error('it never ran');
};

const lives = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('a program that ends before it is ready fails the start with its last lines', async () => {
  await expect(shell('echo one; echo the port is taken >&2; exit 3', undefined, neverCalled)).rejects.toThrow(
    /\(3\): .*the port is taken/,
  );
});

test('a program that is stopped is gone, even one that will not hear', async () => {
  let pid = 0;
  const deaf = await shell('trap "" TERM; echo ready; while :; do sleep 0.1; done', (started) => {
    pid = started;
  });
  expect(lives(pid)).toBe(true);
  await deaf.stop();
  expect(lives(pid)).toBe(false);
});

test('a program that ends by itself is reported, one that is stopped is not', async () => {
  const crashes: Error[] = [];
  const report = (error: Error) => void crashes.push(error);
  await shell('echo ready; sleep 0.1; exit 7', undefined, report);
  await until(() => crashes.length === 1);
  const stopped = await shell('echo ready; sleep 100', undefined, report);
  await stopped.stop();
  expect(crashes.map(({ message }) => message)).toEqual([expect.stringContaining('(7)')]);
});
