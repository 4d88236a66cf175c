import { generateKeyPairSync } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { type IssuerSource, knownIssuers } from '../../lambdas/authorizer/known-issuers';
import { type IssuerRecord, issuerRecordId } from '../../lambdas/shared/credentials/issuer';
import { settingsOf } from '../../lambdas/shared/credentials/issuer-fields';
import { vetted } from '../../lambdas/shared/credentials/jwk';
import { ORGANISATION } from '../support/event';
import { captureOutput } from '../support/output';

const output = captureOutput();
const jwk = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' });
const keysOf = (...kids: string[]) => vetted({ keys: kids.map((kid) => ({ ...jwk, kid })) }, 'RS256');
const settings = settingsOf({
  kind: 'oidc',
  issuer: 'https://issuer.example',
  audience: 'api',
  defaultRoles: ['viewer'],
});
const ID = issuerRecordId(settings);
const record = (...kids: string[]): IssuerRecord => ({
  entry: 'e',
  version: 1,
  settings,
  belongs: { organisation: ORGANISATION },
  keys: keysOf(...kids),
  fetchedAtSeconds: 0,
  expiresAtSeconds: 86_400,
});

/** Issuers over a store and an issuer that can be changed and taken down, and count how often they are asked. */
function started(holds: IssuerRecord | undefined = record('k1')) {
  const world = {
    nowMs: 1_000_000,
    holds: holds as IssuerRecord | undefined | 'down',
    serves: 'nothing new' as 'nothing new' | 'down' | IssuerRecord | Promise<IssuerRecord>,
    reads: 0,
    fetches: 0,
  };
  const source: IssuerSource = {
    nowMs: () => world.nowMs,
    async read(id) {
      world.reads += 1;
      if (world.holds === 'down') throw new Error('the store is down');
      return id === ID ? world.holds : undefined;
    },
    async refetch(_, before) {
      world.fetches += 1;
      if (world.serves === 'down') throw new Error('the issuer is down');
      return world.serves === 'nothing new' ? before : world.serves;
    },
  };
  return { world, ...knownIssuers(source) };
}
const kids = (known: { keys: ReadonlyMap<string, unknown> } | undefined) => [...(known?.keys.keys() ?? [])];

test('an issuer is read once in a minute, however many tokens come', async () => {
  const { world, find } = started();
  for (let count = 0; count < 100; count += 1) expect(kids(await find(ID))).toEqual(['k1']);
  expect(world.reads).toBe(1);
  world.holds = record('k1', 'k2');
  world.nowMs += 60_000;
  expect(kids(await find(ID))).toEqual(['k1', 'k2']);
  expect(world.reads).toBe(2);
});

test('an issuer that is no longer trusted is forgotten within a minute', async () => {
  const { world, find } = started();
  await find(ID);
  world.holds = undefined;
  world.nowMs += 60_000;
  expect(await find(ID)).toBeUndefined();
});

test('a record that nobody has refreshed for a day does not count', async () => {
  const { world, find } = started();
  world.nowMs = 86_400_000;
  expect(await find(ID)).toBeUndefined();
});

test('a store that is down takes nothing from an issuer that is known', async () => {
  const { world, find } = started();
  await find(ID);
  world.holds = 'down';
  world.nowMs += 3_600_000;
  expect(kids(await find(ID))).toEqual(['k1']);
  expect(output.text()).toContain('issuer not read again');
});

describe('a flood of invented issuers', () => {
  test('asks the store ten times a second at most', async () => {
    const { world, find } = started();
    for (let count = 0; count < 1000; count += 1) await find(`invented-${count}`);
    expect(world.reads).toBe(10);
    world.nowMs += 1000;
    for (let count = 0; count < 1000; count += 1) await find(`new-${count}`);
    expect(world.reads).toBe(20);
  });

  test('is answered from memory for 30 seconds where it names one issuer', async () => {
    const { world, find } = started();
    for (let count = 0; count < 1000; count += 1) expect(await find('invented')).toBeUndefined();
    expect(world.reads).toBe(1);
    world.nowMs += 30_000;
    await find('invented');
    expect(world.reads).toBe(2);
  });

  test('takes nothing from an issuer that is known', async () => {
    const { find } = started();
    await find(ID);
    for (let count = 0; count < 5000; count += 1) await find(`invented-${count}`);
    expect(kids(await find(ID))).toEqual(['k1']);
  });
});

describe('an unknown key', () => {
  test('is fetched from the issuer, and known from then on', async () => {
    const { world, find, learn } = started();
    await find(ID);
    world.serves = record('k1', 'k2');
    expect(kids(await learn(ID, 'k2'))).toEqual(['k1', 'k2']);
    expect(kids(await find(ID))).toEqual(['k1', 'k2']);
  });

  test('makes one fetch in 30 seconds, whatever the flood', async () => {
    const { world, find, learn } = started();
    await find(ID);
    for (let count = 0; count < 300; count += 1) {
      await Promise.all([learn(ID, `invented-${count}`), learn(ID, `other-${count}`)]);
      world.nowMs += 99;
    }
    expect(world.fetches).toBe(1);
    world.nowMs += 300;
    await learn(ID, 'invented');
    expect(world.fetches).toBe(2);
    // Once a second it is looked whether another environment has fetched it.
    expect(world.reads).toBeLessThanOrEqual(32);
  });

  test('that another environment has fetched is read from the store, and the issuer not asked', async () => {
    const { world, find, learn } = started();
    await find(ID);
    world.holds = record('k2');
    world.nowMs += 1000;
    expect(kids(await learn(ID, 'k2'))).toEqual(['k2']);
    expect(world.fetches).toBe(0);
  });

  test('of an issuer that is down stays unknown, and the keys that are known go on', async () => {
    const { world, find, learn } = started();
    await find(ID);
    world.serves = 'down';
    expect(kids(await learn(ID, 'k2'))).toEqual(['k1']);
    expect(kids(await find(ID))).toEqual(['k1']);
    expect(output.text()).toContain('the issuer is down');
  });

  test('of an issuer that is slow keeps nobody else waiting, and its own bearer 2.5 seconds at most', async () => {
    const { world, find, learn } = started();
    await find(ID);
    const answer = new EventEmitter();
    world.serves = once(answer, 'arrives').then(() => record('k2'));
    const began = performance.now();
    const waiting = learn(ID, 'k2');
    expect(kids(await find(ID))).toEqual(['k1']);
    expect(performance.now() - began).toBeLessThan(2000);
    expect(kids(await waiting)).toEqual(['k1']);
    expect(performance.now() - began).toBeGreaterThan(2400);
    answer.emit('arrives');
    await new Promise(setImmediate);
    expect(kids(await find(ID))).toEqual(['k2']);
  });
});
