import { DEFAULT_LIMITS } from '../../../lambdas/shared/limits/defaults';
import type { VersionedSettings } from '../../../lambdas/shared/limits/plans';
import { LIMITS } from '../../../lambdas/shared/limits/settings';
import { copyKey, settingsText } from '../../../lambdas/shared/settings/kind';
import {
  COPY_SECONDS,
  copySettings,
  forgetCopy,
  settingsSource,
} from '../../../lambdas/shared/settings/stored-settings';
import { captureOutput } from '../../support/output';
import { type PlatformDatabase, startPlatformDatabase } from '../../support/platform-database';
import { downRedis, startRedis, type TestRedis } from '../../support/redis';

captureOutput();
let database: PlatformDatabase;
let redis: TestRedis;
beforeAll(async () => {
  [database, redis] = await Promise.all([startPlatformDatabase(), startRedis()]);
}, 30_000);
afterAll(() => Promise.all([database.stop(), redis.stop()]));
beforeEach(async () => {
  await redis.client.flushall();
  await database.master.query('delete from gatehouse.settings');
});

const at = (version: number): VersionedSettings => ({
  version,
  settings: { ...DEFAULT_LIMITS, degradedShare: version / 100 },
});
const source = (run = redis.commands, pool = database.app) =>
  settingsSource(run, async () => pool, LIMITS, DEFAULT_LIMITS);
const copy = () => redis.client.get(copyKey(LIMITS));
const store = ({ version, settings }: VersionedSettings) =>
  database.master.query("insert into gatehouse.settings (name, version, value) values ('limits', $1, $2)", [
    version,
    settings,
  ]);

test('where nobody has set any, those of the deployment are version 0, and are copied as such', async () => {
  const deployed = { version: 0, settings: DEFAULT_LIMITS };
  expect(await source().stored()).toEqual(deployed);
  expect(await copy()).toBe(settingsText(deployed));
});

test('what is stored is copied to Redis again, for ten minutes', async () => {
  await store(at(4));
  expect(await source().stored()).toEqual(at(4));
  expect(await source().copy()).toBe(settingsText(at(4)));
  const left = await redis.client.ttl(copyKey(LIMITS));
  expect([left > COPY_SECONDS - 30, left <= COPY_SECONDS]).toEqual([true, true]);
});

test('both logins of functions that serve routes read what is stored', async () => {
  await store(at(4));
  for (const pool of [database.app, database.auth]) expect(await source(redis.commands, pool).stored()).toEqual(at(4));
});

test('an older version never takes the place of a newer copy; the same one and a newer one do', async () => {
  await copySettings(redis.commands, LIMITS, at(5));
  await copySettings(redis.commands, LIMITS, at(4));
  expect(await copy()).toBe(settingsText(at(5)));
  await copySettings(redis.commands, LIMITS, { ...at(6), version: 5 });
  expect(await copy()).toBe(settingsText({ ...at(6), version: 5 }));
  await copySettings(redis.commands, LIMITS, at(10));
  expect(await copy()).toBe(settingsText(at(10)));
});

test('of many copied at once, in any order, the newest stays', async () => {
  const versions = [3, 9, 1, 12, 7, 2, 10, 5];
  await Promise.all(versions.map((version) => copySettings(redis.commands, LIMITS, at(version))));
  expect(await copy()).toBe(settingsText(at(12)));
});

test.each(['no JSON', '{"version": "x"}', '[]', '7', 'null'])(
  'a copy that reads %s is written over',
  async (broken) => {
    await redis.client.set(copyKey(LIMITS), broken);
    await copySettings(redis.commands, LIMITS, at(1));
    expect(await copy()).toBe(settingsText(at(1)));
  },
);

test('a copy that is forgotten is gone, whatever its version', async () => {
  await copySettings(redis.commands, LIMITS, at(9));
  await forgetCopy(redis.commands, LIMITS);
  expect(await source().copy()).toBeNull();
});

describe('when Redis is away', () => {
  test('what is stored is read all the same', async () => {
    await store(at(4));
    expect(await source(downRedis()).stored()).toEqual(at(4));
  });

  test('a copy can be neither read, written nor forgotten, and each says so', async () => {
    const down = downRedis();
    await expect(source(down).copy()).rejects.toMatchObject({ name: 'RedisAway' });
    await expect(copySettings(down, LIMITS, at(1))).rejects.toMatchObject({ name: 'RedisAway' });
    await expect(forgetCopy(down, LIMITS)).rejects.toMatchObject({ name: 'RedisAway' });
  });
});

test('a row that this release cannot read is an error, and no copy of it is made', async () => {
  await database.master.query("insert into gatehouse.settings (name, version, value) values ('limits', 3, '{}')");
  await expect(source().stored()).rejects.toThrow();
  expect(await copy()).toBeNull();
});
