import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface RedisBinary {
  readonly path: string;
  /** Where its shared libraries are when they are not the system's. */
  readonly libraries?: string;
}

/** The tools of a Debian or Ubuntu system, each with its whole path. */
interface Debian {
  readonly aptGet: string;
  readonly dpkgDeb: string;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const onPath = (name: string) =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable);

const cacheFolder = () => join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'gatehouse');

/** The distribution and its release: a binary of one does not run on the other. */
function release(): string {
  const file = '/etc/os-release';
  const fields = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const field = (name: string) => new RegExp(`^${name}="?([\\w.]+)`, 'm').exec(fields)?.[1] ?? 'unknown';
  return `${field('ID')}-${field('VERSION_ID')}-${process.arch}`;
}

/** The unpacked packages of a folder, once they are there. */
function unpacked(root: string): RedisBinary | undefined {
  const path = join(root, 'usr/bin/redis-server');
  if (!existsSync(path)) return undefined;
  const library = join(root, 'usr/lib');
  const folders = existsSync(library) ? readdirSync(library).filter((name) => name.includes('-linux-')) : [];
  return { path, libraries: folders.map((name) => join(library, name)).join(':') };
}

/**
 * apt with its lists and downloads in a folder of its own, so that neither root nor an earlier `apt-get update` is
 * needed. It downloads what redis-server needs and this system lacks; the system itself is not changed.
 */
async function download(work: string, { aptGet, dpkgDeb }: Debian): Promise<void> {
  const options = {
    'Dir::State::Lists': join(work, 'lists'),
    'Dir::Cache': work,
    // Its own user may not write where root's files are; for an ordinary user this says nothing.
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
    'Debug::NoLocking': 'true',
  };
  const apt = (...parameters: string[]) =>
    run(aptGet, [...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]), ...parameters]);
  await Promise.all(['lists/partial', 'archives/partial'].map((name) => mkdir(join(work, name), { recursive: true })));
  await apt('update');
  await apt('install', '--download-only', '--yes', '--no-install-recommends', 'redis-server');
  const archives = (await readdir(join(work, 'archives'))).filter((name) => name.endsWith('.deb'));
  for (const name of archives) await run(dpkgDeb, ['--extract', join(work, 'archives', name), join(work, 'root')]);
}

/** Into a folder beside, then renamed into place: of two starts at once, one wins and both run. */
async function fetchPackages(cache: string, debian: Debian): Promise<RedisBinary | undefined> {
  const target = join(cache, `redis-${release()}`);
  const known = unpacked(target);
  if (known) return known;
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, 'fetch-'));
  try {
    await download(work, debian);
    await rename(join(work, 'root'), target).catch((error: unknown) => {
      if (!unpacked(target)) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return unpacked(target);
}

const INSTALL =
  'No Redis here: set REDIS_URL, or install one: `apt install redis-server`, `dnf install valkey`, `brew install redis`.';

/** redis-server or valkey-server of this system, else Debian's packages in the cache. Rejects with what to install. */
export async function findRedis(cache: string = cacheFolder()): Promise<RedisBinary> {
  const path = onPath('redis-server') ?? onPath('valkey-server');
  if (path !== undefined) return { path };
  const [aptGet, dpkgDeb] = [onPath('apt-get'), onPath('dpkg-deb')];
  if (aptGet === undefined || dpkgDeb === undefined) throw new Error(INSTALL);
  const fetched = await fetchPackages(cache, { aptGet, dpkgDeb }).catch((error: unknown) => {
    throw new Error(`${INSTALL} (apt-get could not bring it.)`, { cause: error });
  });
  if (!fetched) throw new Error(INSTALL);
  return fetched;
}
