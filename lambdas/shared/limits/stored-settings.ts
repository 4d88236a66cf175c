import * as z from 'zod/mini';
import { type OpenPool, statementsOn } from '../stores/postgres';
import type { RunCommand } from './addresses';
import { LimitSettings, type VersionedSettings } from './plans';
import { SETTINGS_KEY, type SettingsSource, settingsText } from './settings';

const Row = z.object({ version: z.int(), settings: LimitSettings });
const SELECT = "select version, value as settings from gatehouse.settings where name = 'limits'";

/** The copy lasts this long without being written again: PostgreSQL is asked now and then, whatever happened to it. */
const COPY_SECONDS = 600;

/** An older version never takes the place of a newer one. */
const COPY = `
local old = redis.call('GET', KEYS[1])
if old then
  local ok, settings = pcall(cjson.decode, old)
  if ok and settings.version > tonumber(ARGV[2]) then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[3])
return 1`;

export async function copySettings(run: RunCommand, settings: VersionedSettings): Promise<void> {
  await run((redis) => redis.eval(COPY, 1, SETTINGS_KEY, settingsText(settings), settings.version, COPY_SECONDS));
}

/** @param deployed what counts as version 0 where nobody has set any */
export const settingsSource = (run: RunCommand, pool: OpenPool, deployed: LimitSettings): SettingsSource => ({
  nowMs: () => performance.now(),
  copy: () => run((redis) => redis.get(SETTINGS_KEY)),
  async stored() {
    const { rows } = await statementsOn(pool).query(SELECT);
    const found = z.array(Row).parse(rows)[0] ?? { version: 0, settings: deployed };
    await copySettings(run, found).catch(() => undefined);
    return found;
  },
});
