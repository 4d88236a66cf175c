import { DEFAULT_LIMITS } from '../../../lambdas/shared/limits/defaults';
import type { LimitSettings, VersionedSettings } from '../../../lambdas/shared/limits/plans';
import { settingsOf } from '../../../lambdas/shared/limits/settings';
import { settingsText } from '../../../lambdas/shared/settings/kind';
import { LOOK_EVERY_MS, type SettingsSource } from '../../../lambdas/shared/settings/live-settings';

const share = (degradedShare: number): LimitSettings => ({ ...DEFAULT_LIMITS, degradedShare });
const at = (version: number): VersionedSettings => ({ version, settings: share(version / 10) });

/** What the stores say, and how often each was asked. */
interface Stores {
  copy: string | null | Error;
  stored: VersionedSettings | Error;
  nowMs: number;
  readonly asked: { copy: number; stored: number };
}

function told<T>(value: T | Error): T {
  if (value instanceof Error) throw value;
  return value;
}

function environment(given: Partial<Stores> = {}) {
  const stores: Stores = { copy: null, stored: at(0), nowMs: 0, asked: { copy: 0, stored: 0 }, ...given };
  const source: SettingsSource<LimitSettings> = {
    async copy() {
      stores.asked.copy += 1;
      return told(stores.copy);
    },
    async stored() {
      stores.asked.stored += 1;
      return told(stores.stored);
    },
    nowMs: () => stores.nowMs,
  };
  return { stores, settings: settingsOf(share(1), source) };
}
const DEPLOYED = { version: 0, settings: share(1) };
const AWAY = new Error('away');

test('those of the deployment are in force until others are found', async () => {
  const { settings } = environment();
  expect(settings.current()).toEqual(DEPLOYED);
  expect(await settings.confirmed()).toEqual(DEPLOYED);
});

test('the first request is not kept waiting: it looks, and who comes after it knows', async () => {
  const { settings } = environment({ copy: settingsText(at(3)) });
  expect(settings.current()).toEqual(DEPLOYED);
  await settings.refresh();
  expect(settings.current()).toEqual(at(3));
});

test('the copy is looked at once in two seconds, however many requests come', async () => {
  const { stores, settings } = environment({ copy: settingsText(at(3)) });
  const flood = async () => {
    for (let n = 0; n < 100; n += 1) settings.current();
    await new Promise(setImmediate);
  };
  await flood();
  expect(stores.asked.copy).toBe(1);
  stores.nowMs = LOOK_EVERY_MS - 1;
  await flood();
  expect(stores.asked.copy).toBe(1);
  stores.nowMs = LOOK_EVERY_MS;
  await flood();
  expect(stores.asked.copy).toBe(2);
});

test('a newer version is taken, and an older one never takes its place', async () => {
  const { stores, settings } = environment({ copy: settingsText(at(3)) });
  await settings.refresh();
  for (const copy of [at(4), at(2), at(4)]) {
    stores.copy = settingsText(copy);
    await settings.refresh();
    expect(settings.current()).toEqual(at(4));
  }
  stores.copy = null;
  stores.stored = at(1);
  expect(await settings.confirmed()).toEqual(at(4));
});

test.each([
  ['is lost', null],
  ['is no JSON', '{"version":'],
  ['is of another shape', '{"version": 9, "settings": {"plans": {}}}'],
  ['is of no version', JSON.stringify({ settings: share(0.5) })],
  ['cannot be read', AWAY],
])(
  'a copy that %s changes nothing, and is replaced by what PostgreSQL has when somebody asks it anyway',
  async (_, copy) => {
    const { stores, settings } = environment({ copy, stored: at(5) });
    await settings.refresh();
    expect([settings.current(), stores.asked.stored]).toEqual([DEPLOYED, 0]);
    expect(await settings.confirmed()).toEqual(at(5));
  },
);

test('requests of open routes never ask PostgreSQL: a database that is paused is woken by none of them', async () => {
  const { stores, settings } = environment();
  for (let n = 0; n < 20; n += 1) {
    settings.current();
    await settings.refresh();
    stores.nowMs += LOOK_EVERY_MS;
  }
  expect(stores.asked.copy).toBeGreaterThanOrEqual(20);
  expect(stores.asked.stored).toBe(0);
});

test('without Redis and PostgreSQL what is known stays in force', async () => {
  const { stores, settings } = environment({ copy: settingsText(at(3)) });
  await settings.refresh();
  Object.assign(stores, { copy: AWAY, stored: AWAY });
  expect(await settings.confirmed()).toEqual(at(3));
  stores.nowMs = LOOK_EVERY_MS;
  expect(settings.current()).toEqual(at(3));
  await settings.refresh();
  expect(settings.current()).toEqual(at(3));
});

describe('for who waits', () => {
  test('the first one knows what the copy says, or PostgreSQL where there is none', async () => {
    expect(await environment({ copy: settingsText(at(3)) }).settings.fresh()).toEqual(at(3));
    expect(await environment({ stored: at(5) }).settings.fresh()).toEqual(at(5));
  });

  test('they are looked at beside a request, and before one where nobody has looked for four seconds', async () => {
    const { stores, settings } = environment({ copy: settingsText(at(3)) });
    await settings.fresh();
    stores.copy = settingsText(at(4));
    expect(await settings.fresh()).toEqual(at(3));
    stores.nowMs = LOOK_EVERY_MS;
    expect(await settings.fresh()).toEqual(at(3));
    expect(await settings.fresh()).toEqual(at(4));
    await new Promise(setImmediate);
    stores.copy = settingsText(at(5));
    stores.nowMs += 4_000;
    expect(await settings.fresh()).toEqual(at(5));
  });

  test('nothing is in force while neither store has said anything: PostgreSQL is asked once by all who wait, and again', async () => {
    const { stores, settings } = environment({ copy: AWAY, stored: AWAY });
    const both = await Promise.allSettled([settings.fresh(), settings.fresh()]);
    expect(both).toEqual([
      { status: 'rejected', reason: AWAY },
      { status: 'rejected', reason: AWAY },
    ]);
    expect(stores.asked.stored).toBe(1);
    stores.stored = at(2);
    expect(await settings.fresh()).toEqual(at(2));
    Object.assign(stores, { stored: AWAY, nowMs: 9_000 });
    expect(await settings.fresh()).toEqual(at(2));
  });
});
