import * as z from 'zod/mini';
import { type OpenPool, statementsOn } from '../stores/postgres';
import type { Commands, Redis } from '../stores/redis';
import { script } from '../stores/script';
import type { Sql } from '../stores/tenancy';
import { copyKey, type Kind, settingsText, type Versioned } from './kind';
import type { SettingsSource } from './live-settings';

type Named = Pick<Kind<unknown>, 'name'>;

const Row = z.object({ version: z.int(), value: z.unknown() });
const SELECT = 'select version, value from gatehouse.settings where name = $1';

/** The row as it stands, which another release may have written; nothing while nobody has set any. */
export async function settingsRow(sql: Sql, { name }: Named): Promise<z.output<typeof Row> | undefined> {
  const { rows } = await sql.query(SELECT, [name]);
  return z.array(Row).parse(rows)[0];
}

/** @param deployed what counts as version 0 where nobody has set any */
export async function storedSettings<T>(sql: Sql, kind: Kind<T>, deployed: T): Promise<Versioned<T>> {
  const row = await settingsRow(sql, kind);
  return row ? { version: row.version, settings: kind.schema.parse(row.value) } : { version: 0, settings: deployed };
}

/** One change after the other: the first one finds no row that could be locked. */
const LOCK = "select pg_advisory_xact_lock(hashtext('gatehouse settings ' || $1))";
const WRITE = `insert into gatehouse.settings (name, version, value) values ($1, $2, $3)
  on conflict (name) do update set version = $2, value = $3, updated_at = now()`;

export const lockSettings = (sql: Sql, { name }: Named) => sql.query(LOCK, [name]);

export const writeSettings = <T>(sql: Sql, { name }: Named, { version, settings }: Versioned<T>) =>
  sql.query(WRITE, [name, version, JSON.stringify(settings)]);

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

export async function copySettings<T>(redis: Commands, kind: Named, settings: Versioned<T>): Promise<void> {
  await COPY(redis, [copyKey(kind)], [settingsText(settings), settings.version, COPY_SECONDS]);
}

/** Before a change: where its own copy gets lost, no older one is left to be believed. */
export async function forgetCopy(redis: Redis, kind: Named): Promise<void> {
  await redis.insist.call('DEL', copyKey(kind));
}

export const settingsSource = <T>(redis: Commands, pool: OpenPool, kind: Kind<T>, deployed: T): SettingsSource<T> => ({
  nowMs: () => performance.now(),
  copy: () => redis.call('GET', copyKey(kind)),
  async stored() {
    const found = await storedSettings(statementsOn(pool), kind, deployed);
    await copySettings(redis, kind, found).catch(() => undefined);
    return found;
  },
});
