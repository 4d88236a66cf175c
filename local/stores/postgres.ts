import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chown, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client, escapeIdentifier, escapeLiteral } from 'pg';
import { freePort } from '../http/listen';
import type { Watcher } from '../lifetime/reaper';
import type { Running } from '../types';
import { type PostgresFiles, postgresFiles } from './postgres-files';
import { startProgram } from './program';

const run = promisify(execFile);

export interface PostgresStore extends Running {
  /** TCP on the loopback, SCRAM-SHA-256. */
  readonly port: number;
  /** The folder of the Unix socket, on which every user is trusted: for the door only. */
  readonly socketFolder: string;
  readonly notes: readonly string[];
}

export interface PostgresOptions {
  /** Where its data stays between runs. */
  readonly folder: string;
  /** The cluster's master user: its password is set when the cluster is made, and never again. */
  readonly master: { readonly user: string; readonly password: string };
  /** Databases to be there besides `postgres`, owned by the master user. */
  readonly databases: readonly string[];
  readonly watcher: Watcher;
  readonly onCrash: (error: Error) => void;
}

/** Owner of the cluster, as on RDS, where the master user is no superuser either. */
const OWNER = 'rdsadmin';

/** Fast and not safe against a power cut, which a laptop's test data may survive or not; a killed process loses nothing. */
const FAST = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];

const INITDB = [
  `--username=${OWNER}`,
  '--auth-local=trust',
  '--auth-host=scram-sha-256',
  '--encoding=UTF8',
  '--locale=C',
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
  '--no-sync',
  '--no-instructions',
];

const environment = { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };

/** The cluster's files, made under another name and renamed: an interrupted initdb leaves nothing behind. */
async function initialise({ native, folder, account }: PostgresFiles, data: string, watcher: Watcher): Promise<void> {
  const draft = join(folder, 'draft');
  await rm(draft, { recursive: true, force: true });
  const options = { cwd: folder, env: environment, ...account };
  const initdb = run(join(native, 'bin/initdb'), [`--pgdata=${draft}`, ...INITDB], options);
  const { pid } = initdb.child;
  if (pid !== undefined) watcher.watch(pid);
  await initdb;
  if (pid !== undefined) watcher.forget(pid);
  await rename(draft, data);
}

/** A Unix socket's path ends at 104 bytes on macOS, at 108 on Linux. */
const MAX_SOCKET_PATH = 103;

/** Beside the data, or in the system's folder for temporary files when that path would be too long for a socket. */
async function makeSocketFolder({ folder, account }: PostgresFiles): Promise<string> {
  const near = join(folder, 'socket');
  const isShort = join(near, '.s.PGSQL.65535.lock').length <= MAX_SOCKET_PATH;
  const made = isShort ? near : await mkdtemp(join(tmpdir().length < 60 ? tmpdir() : '/tmp', 'gatehouse-'));
  // A killed PostgreSQL leaves its socket's lock behind.
  await rm(made, { recursive: true, force: true });
  await mkdir(made, { mode: 0o700 });
  if (account) await chown(made, account.uid, account.gid);
  return made;
}

/** Whether a process runs; one that is dead and that nobody has waited for (a zombie, common in containers) does not. */
function isRunning(pid: number): boolean {
  const status = `/proc/${pid}/stat`;
  if (existsSync('/proc/self')) return existsSync(status) && !/\) Z /.test(readFileSync(status, 'utf8'));
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Waits for the PostgreSQL of a host that was killed, whose lock PostgreSQL takes for a living one's if it is a zombie. */
async function outlive(data: string): Promise<void> {
  const lock = join(data, 'postmaster.pid');
  if (!existsSync(lock)) return;
  const pid = Number.parseInt(readFileSync(lock, 'utf8'), 10);
  for (let attempt = 0; attempt < 50 && isRunning(pid); attempt++) await setTimeout(100);
  // The processes it had started notice its end within a moment.
  await setTimeout(200);
  if (!isRunning(pid)) await rm(lock, { force: true });
}

/** The roles of a new RDS cluster. rds_iam is what a user must be granted to log in by IAM. */
const roles = ({ user, password }: PostgresOptions['master']) => `
  CREATE ROLE rds_superuser NOLOGIN;
  CREATE ROLE rds_iam NOLOGIN;
  GRANT pg_monitor, pg_signal_backend, pg_checkpoint TO rds_superuser WITH ADMIN OPTION;
  CREATE ROLE ${escapeIdentifier(user)} LOGIN CREATEDB CREATEROLE PASSWORD ${escapeLiteral(password)};
  GRANT rds_superuser TO ${escapeIdentifier(user)};
  GRANT rds_iam TO ${escapeIdentifier(user)} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE;`;

/** What a run finds missing, it makes: a new cluster its roles, a template with another database that database. */
async function prepare(socketFolder: string, port: number, { master, databases }: PostgresOptions): Promise<void> {
  const client = new Client({ host: socketFolder, port, user: OWNER, database: 'postgres' });
  await client.connect();
  try {
    const { rowCount } = await client.query("SELECT FROM pg_roles WHERE rolname = 'rds_iam'");
    if (rowCount === 0) await client.query(roles(master));
    const existing = await client.query<{ datname: string }>('SELECT datname FROM pg_database');
    const missing = databases.filter((name) => !existing.rows.some(({ datname }) => datname === name));
    for (const name of missing) {
      await client.query(`CREATE DATABASE ${escapeIdentifier(name)} OWNER ${escapeIdentifier(master.user)}`);
    }
  } finally {
    await client.end();
  }
}

/** PostgreSQL with its data in `folder`, made on the first run. Rejects with its last lines when it does not start. */
export async function startPostgres(options: PostgresOptions): Promise<PostgresStore> {
  const files = await postgresFiles(options.folder);
  const data = join(files.folder, 'data');
  const [port, socketFolder] = await Promise.all([
    freePort(),
    makeSocketFolder(files),
    existsSync(data) ? outlive(data) : initialise(files, data, options.watcher),
  ]);
  const settings = [...FAST, 'listen_addresses=127.0.0.1', `unix_socket_directories=${socketFolder}`, 'jit=off'];
  const server = await startProgram(
    join(files.native, 'bin/postgres'),
    ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
    {
      ready: /database system is ready to accept connections/,
      stopSignal: 'SIGINT',
      env: environment,
      cwd: files.folder,
      ...files.account,
      watcher: options.watcher,
      onCrash: options.onCrash,
    },
  );
  await prepare(socketFolder, port, options).catch(async (error: unknown) => {
    await server.stop();
    throw error;
  });
  return {
    port,
    socketFolder,
    notes: [...files.notes, 'PostgreSQL: fsync is off, so a power cut may cost the local data'],
    async stop() {
      await server.stop();
      await rm(socketFolder, { recursive: true, force: true });
    },
  };
}
