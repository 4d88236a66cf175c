import type { Tx } from '../shared/access/change';
import { refuse } from '../shared/errors';
import { etag } from '../shared/http/request';
import { Answer, type Operations } from '../shared/http/route';
import type { VersionedSettings } from '../shared/limits/plans';
import { LOOK_EVERY_MS } from '../shared/limits/settings';
import { COPY_SECONDS, copySettings, forgetCopy, settingsRow, storedSettings } from '../shared/limits/stored-settings';
import { logger } from '../shared/telemetry';
import type { limitRoutes } from './contract';
import type { Deps } from './limits';

type Routes = Pick<typeof limitRoutes, 'getLimitSettings' | 'putLimitSettings'>;

/** One change after the other: the first one finds no row that could be locked. */
const LOCK = "select pg_advisory_xact_lock(hashtext('gatehouse settings limits'))";
const WRITE = `insert into gatehouse.settings (name, version, value) values ('limits', $1, $2)
  on conflict (name) do update set version = $1, value = $2, updated_at = now()`;

const RETRY_AFTER = { 'retry-after': '2' };

export const limitSettings = (deps: Deps): Operations<Routes> => ({
  async getLimitSettings(call) {
    const found = await deps.changes.read(call, (sql) => storedSettings(sql, deps.deployed));
    return new Answer({ ...found, deployed: found.version === 0 }, { etag: etag(found.version) });
  },

  /**
   * Redis is asked first: where it does not answer nothing is changed, because environments that have settings look for
   * newer ones there alone. Once committed, the change stands. Where Redis goes away at that very moment, environments
   * find it when they next read PostgreSQL, and the answer says how long that may take.
   */
  async putLimitSettings(call) {
    const { body: settings, ifMatch } = call;
    await forgetCopy(deps.redis).catch((cause: unknown) =>
      refuse('not_ready', 'the cache does not answer: nothing was changed', { headers: RETRY_AFTER, cause }),
    );
    const after = await deps.changes.change(call, {}, async (tx) => {
      const before = await current(tx, deps, ifMatch);
      const changed = { version: before.version + 1, settings };
      await tx.query(WRITE, [changed.version, JSON.stringify(settings)]);
      tx.audit({ action: 'settings.changed', target: 'settings:limits', before, after: changed });
      return changed;
    });
    const inForceWithinSeconds = (await isCopied(deps, after)) ? LOOK_EVERY_MS / 1000 : COPY_SECONDS;
    return new Answer({ ...after, deployed: false, inForceWithinSeconds }, { etag: etag(after.version) });
  },
});

/** What is in force, for the audit as it stands: a row that this release cannot read is replaced like any other. */
async function current(tx: Tx, { deployed }: Deps, ifMatch: number | undefined) {
  await tx.query(LOCK);
  const row = await settingsRow(tx);
  const version = row?.version ?? 0;
  if (ifMatch !== undefined && ifMatch !== version)
    refuse('precondition_failed', `the settings are at version ${version}`);
  return { version, settings: row?.value ?? deployed };
}

/** To all environments, and to this one at once. */
async function isCopied({ redis, settings }: Deps, after: VersionedSettings): Promise<boolean> {
  try {
    await copySettings(redis, after);
    await settings.refresh();
    return true;
  } catch (error) {
    logger.warn('settings not copied', { error: error instanceof Error ? error : 'unknown failure' });
    return false;
  }
}
