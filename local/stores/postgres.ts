import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client, escapeIdentifier, escapeLiteral } from 'pg';
import { freePort } from '../net';
import type { Running } from '../types';
import { type PostgresFiles, postgresFiles } from './postgres-files';
import { startProgram, type Watch } from './program';

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
  readonly watch: Watch;
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

const environment = { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' };

/** The cluster's files, made under another name and renamed: an interrupted initdb leaves nothing behind. */
async function initialise({ native, folder, account }: PostgresFiles, data: string): Promise<void> {
  const draft = join(folder, 'draft');
  await rm(draft, { recursive: true, force: true });
  await run(join(native, 'bin/initdb'), [`--pgdata=${draft}`, ...INITDB], {
    cwd: folder,
    env: environment,
    ...account,
  });
  await rename(draft, data);
}

/** PostgreSQL's socket must have a path below 104 bytes, which a data folder may not leave room for. */
async function makeSocketFolder({ account }: PostgresFiles): Promise<string> {
  const parent = tmpdir().length < 60 ? tmpdir() : '/tmp';
  const folder = await mkdtemp(join(parent, 'gatehouse-'));
  if (account) await chown(folder, account.uid, account.gid);
  return folder;
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
    existsSync(data) ? undefined : initialise(files, data),
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
      watch: options.watch,
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
