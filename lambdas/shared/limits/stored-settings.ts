import * as z from 'zod/mini';
import { type OpenPool, statementsOn } from '../stores/postgres';
import type { Commands, Redis } from '../stores/redis';
import { script } from '../stores/script';
import type { Sql } from '../stores/tenancy';
import { LimitSettings, type VersionedSettings } from './plans';
import { SETTINGS_KEY, type SettingsSource, settingsText } from './settings';

const Row = z.object({ version: z.int(), value: z.unknown() });
const SELECT = "select version, value from gatehouse.settings where name = 'limits'";

/** The row as it stands, which another release may have written; nothing while nobody has set any. */
export async function settingsRow(sql: Sql): Promise<z.output<typeof Row> | undefined> {
  const { rows } = await sql.query(SELECT);
  return z.array(Row).parse(rows)[0];
}

/** @param deployed what counts as version 0 where nobody has set any */
export async function storedSettings(sql: Sql, deployed: LimitSettings): Promise<VersionedSettings> {
  const row = await settingsRow(sql);
  return row ? { version: row.version, settings: LimitSettings.parse(row.value) } : { version: 0, settings: deployed };
}

/** The copy lasts this long without being written again: PostgreSQL is asked now and then, whatever happened to it. */
export const COPY_SECONDS = 600;

/** An older version never takes the place of a newer one; anything takes that of what cannot be read. */
const COPY = script(`
local old = redis.call('GET', KEYS[1])
if old then
  local ok, version = pcall(function() return cjson.decode(old).version end)
  if ok and type(version) == 'number' and version > tonumber(ARGV[2]) then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[3])
return 1`);

export async function copySettings(redis: Commands, settings: VersionedSettings): Promise<void> {
  await COPY(redis, [SETTINGS_KEY], [settingsText(settings), settings.version, COPY_SECONDS]);
}

/** Before a change: where its own copy gets lost, no older one is left to be believed. */
export async function forgetCopy(redis: Redis): Promise<void> {
  await redis.insist.call('DEL', SETTINGS_KEY);
}

export const settingsSource = (redis: Commands, pool: OpenPool, deployed: LimitSettings): SettingsSource => ({
  nowMs: () => performance.now(),
  copy: () => redis.call('GET', SETTINGS_KEY),
  async stored() {
    const found = await storedSettings(statementsOn(pool), deployed);
    await copySettings(redis, found).catch(() => undefined);
    return found;
  },
});
