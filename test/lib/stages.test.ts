import { STAGE_NAMES, type Stage, stageOf } from '../../lib/stages';

const { name: _, ...dev } = stageOf('dev');
const withSettings = (change: Readonly<Record<string, unknown>>) => () =>
  stageOf('dev', { dev: { ...dev, ...change } });

test.each(STAGE_NAMES)('%s is a valid stage', (name) => {
  expect(stageOf(name).name).toBe(name);
});

test.each([undefined, '', 'production', 'toString', 7])('the stage %j stops with the choices', (name) => {
  expect(() => stageOf(name)).toThrow(`stage '${String(name)}' is not one of: local, dev, staging, prod`);
});

const database = (change: Partial<Stage['database']>) => ({ database: { ...dev.database, ...change } });

describe('a bad value stops with one line that names it and what it may be:', () => {
  test.each<[Readonly<Record<string, unknown>>, string]>([
    [{ keepData: 'yes' }, 'keepData must be of type boolean'],
    [{ availabilityZones: 1 }, 'availabilityZones must be at least 2'],
    [{ availabilityZones: 4 }, 'availabilityZones must be at most 3'],
    [{ egress: 'vpn' }, 'egress must be one of: ipv6, nat'],
    [database({ minCapacityUnits: -1 }), 'database.minCapacityUnits must be at least 0'],
    [database({ maxCapacityUnits: 512 }), 'database.maxCapacityUnits must be at most 256'],
    [database({ maxCapacityUnits: 1.2 }), 'database.maxCapacityUnits must be a multiple of 0.5'],
    [database({ readers: 16 }), 'database.readers must be at most 15'],
    [database({ backupDays: 0 }), 'database.backupDays must be at least 1'],
    [{ cache: { maxStorageGb: 0, maxUnitsPerSecond: 1000 } }, 'cache.maxStorageGb must be at least 1'],
    [{ cache: { maxStorageGb: 1, maxUnitsPerSecond: 1 } }, 'cache.maxUnitsPerSecond must be at least 1000'],
    [{ logRetentionDays: 8 }, 'logRetentionDays must be one of: 7, 14, 30, 90, 365'],
    [{ throttling: { ...dev.throttling, accountBurst: 0 } }, 'throttling.accountBurst must be at least 1'],
    [{ limits: { ...dev.limits, degradedShare: 2 } }, 'limits.degradedShare must be at most 1'],
    [{ accountLogRole: 'yes' }, 'accountLogRole must be one of: create, exists'],
    [{ corsOrigin: 'app.example.com' }, 'corsOrigin must match'],
    [{ alarmEmail: 'ops' }, 'alarmEmail must be a valid email'],
    [{ domain: { name: 'API', certificateArn: 'arn:aws:acm:x' } }, 'domain.name must match'],
    [{ domain: { name: 'api.example.com', certificateArn: 'my-certificate' } }, 'domain.certificateArn must match'],
    [{ colour: 'red' }, 'colour is not known here'],
    [{ exampleSubgraphs: undefined }, 'exampleSubgraphs is missing'],
  ])('%j', (change, message) => {
    expect(withSettings(change)).toThrow(`stage 'dev': ${message}`);
    expect(withSettings(change)).not.toThrow('\n');
  });

  test('several bad values are named at once', () => {
    expect(withSettings({ egress: 'vpn', keepData: 1 })).toThrow(/keepData .*; egress /);
  });
});

test('a database that pauses may not stand behind a proxy, which never lets it', () => {
  expect(withSettings(database({ minCapacityUnits: 0, proxy: true }))).toThrow('database.proxy must be false');
  expect(withSettings(database({ minCapacityUnits: 0.5, proxy: true }))).not.toThrow();
});

const tight = (change: Partial<Stage['throttling']>) => withSettings({ throttling: { ...dev.throttling, ...change } });

test('a plan cannot promise more than the account lets through', () => {
  expect(tight({ accountRatePerSecond: 999 })).toThrow(
    'limits.plans promise an organisation 1000 requests a second, throttling.accountRatePerSecond lets 999 through',
  );
  expect(tight({ accountBurst: 1_999 })).toThrow('limits.plans promise an organisation a burst of 2000');
  expect(tight({ accountRatePerSecond: 1_000, accountBurst: 2_000 })).not.toThrow();
});

test('a database cannot be asked to shrink below what it starts from', () => {
  expect(withSettings(database({ minCapacityUnits: 4, maxCapacityUnits: 2 }))).toThrow(
    'database.minCapacityUnits must be at most database.maxCapacityUnits',
  );
});

test.each([
  ['local', false],
  ['dev', false],
  ['staging', true],
  ['prod', true],
])('%s keeps its data: %s', (name, keeps) => {
  expect(stageOf(name).keepData).toBe(keeps);
});
