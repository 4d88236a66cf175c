import type { Author, Changes, Tx } from '../access/change';
import { refuse } from '../errors';
import type { Kind, Versioned } from '../settings/kind';
import { type LiveSettings, LOOK_EVERY_MS } from '../settings/live-settings';
import {
  COPY_SECONDS,
  copySettings,
  forgetCopy,
  lockSettings,
  settingsRow,
  storedSettings,
  writeSettings,
} from '../settings/stored-settings';
import type { Redis } from '../stores/redis';
import { logger } from '../telemetry';
import { etag } from './request';
import { Answer } from './route';

/** How an operator reads and changes settings of one kind. */
export interface Changing<T> {
  readonly kind: Kind<T>;
  readonly deployed: T;
  readonly changes: Changes;
  readonly redis: Redis;
  /** Of this environment, which knows of its own changes at once. */
  readonly live?: LiveSettings<T> | undefined;
}

type Call = Author & { readonly ifMatch?: number | undefined };

export async function readSettings<T>({ changes, kind, deployed }: Changing<T>, call: Pick<Author, 'principal'>) {
  const found = await changes.read(call, (sql) => storedSettings(sql, kind, deployed));
  return new Answer({ ...found, deployed: found.version === 0 }, { etag: etag(found.version) });
}

export async function replaceSettings<T>(changing: Changing<T>, call: Call, settings: T) {
  const { after, inForceWithinSeconds } = await changeSettings(changing, async (write) =>
    changing.changes.change(call, {}, async (tx) => {
      const before = await current(tx, changing, call.ifMatch);
      const changed = await write(tx, { version: before.version + 1, settings });
      tx.audit({ action: 'settings.changed', target: `settings:${changing.kind.name}`, before, after: changed });
      return changed;
    }),
  );
  return new Answer({ ...after, deployed: false, inForceWithinSeconds }, { etag: etag(after.version) });
}

export type Write<T> = (tx: Tx, after: Versioned<T>) => Promise<Versioned<T>>;

/**
 * Redis is asked first: where it does not answer nothing is changed, because environments that have settings look for
 * newer ones there alone. Once committed, the change stands. Where Redis goes away at that very moment, environments
 * find it when they next read PostgreSQL, and the answer says how long that may take.
 */
export async function changeSettings<T>(
  { redis, kind, live }: Changing<T>,
  change: (write: Write<T>) => Promise<Versioned<T>>,
) {
  await forgetCopy(redis, kind).catch((cause: unknown) =>
    refuse('not_ready', 'the cache does not answer: nothing was changed', { headers: RETRY_AFTER, cause }),
  );
  const after = await change(async (tx, changed) => {
    await writeSettings(tx, kind, changed);
    return changed;
  });
  const isCopied = await copySettings(redis, kind, after)
    .then(() => live?.refresh())
    .then(() => true, notCopied);
  return { after, inForceWithinSeconds: isCopied ? LOOK_EVERY_MS / 1000 : COPY_SECONDS };
}

const RETRY_AFTER = { 'retry-after': '2' };

function notCopied(error: unknown): false {
  logger.warn('settings not copied', { error: error instanceof Error ? error : 'unknown failure' });
  return false;
}

/** What is in force, for the audit as it stands: a row that this release cannot read is replaced like any other. */
async function current<T>(tx: Tx, { kind, deployed }: Changing<T>, ifMatch: number | undefined) {
  await lockSettings(tx, kind);
  const row = await settingsRow(tx, kind);
  const version = row?.version ?? 0;
  if (ifMatch !== undefined && ifMatch !== version)
    refuse('precondition_failed', `the settings are at version ${version}`);
  return { version, settings: row?.value ?? deployed };
}
