import { ORGANISATIONS } from '../../lambdas/seed/seed';
import { IssuerRecord, issuerRecordId } from '../../lambdas/shared/credentials/issuer';
import { settingsOf } from '../../lambdas/shared/credentials/issuer-fields';
import { readRecord } from '../../lambdas/shared/stores/records';
import { startIssuers, type TestIssuers } from '../support/issuers';
import { startOidc, type TestOidc } from '../support/oidc';
import { captureOutput } from '../support/output';

const output = captureOutput();
const [ACME, GLOBEX] = ORGANISATIONS;
const API = 'https://api.acme.example';

let world: TestIssuers;
let oidc: TestOidc;
beforeAll(async () => {
  [world, oidc] = await Promise.all([startIssuers(), startOidc()]);
}, 60_000);
afterAll(() => Promise.all([world.stop(), oidc.stop()]));

const ofStage = () => [
  {
    settings: settingsOf({
      kind: 'oidc',
      issuer: oidc.issuer,
      audience: API,
      roles: { claim: 'realm_access.roles', map: { boss: 'admin', staff: 'viewer' } },
    }),
    belongs: { organisations: { claim: 'tenant', map: { acme: ACME.id, globex: GLOBEX.id } } },
  },
];

beforeEach(async () => {
  world.clock.nowMs = Date.now();
  await oidc.become('up');
  await world.tenants.redis.client.flushall();
  await world.refresh.stage(ofStage());
});

const token = (tenant = 'acme', change: { header?: object; payload?: object } = {}) =>
  oidc.token({
    header: { ...change.header },
    payload: { sub: 'ada', tenant, realm_access: { roles: ['staff'] }, ...change.payload },
  });
const withKid = (kid: string) => token('acme', { header: { kid } });
const fetches = async () => (await oidc.state()).asked;

test('an issuer of the stage sends each user to the organisation of their claim, as a user of its own in each', async () => {
  const authorize = world.environment();
  const acme = await authorize(await token('acme'));
  const globex = await authorize(await token('globex'));
  expect([acme?.organisation, globex?.organisation]).toEqual([ACME.id, GLOBEX.id]);
  expect(await world.calls(acme)).toMatchObject({ status: 200, roles: ['viewer'] });
  expect(await world.calls(globex)).toMatchObject({ status: 200, roles: ['viewer'] });
  expect(await authorize(await token('umbrella'))).toBeUndefined();
});

test('no token asks the issuer for anything, as long as its key is known', async () => {
  const before = await oidc.state();
  const authorize = world.environment();
  for (let count = 0; count < 20; count += 1) expect(await authorize(await token())).toBeDefined();
  expect(await oidc.state()).toEqual(before);
});

test('a flood of unknown keys makes one fetch in 30 seconds, over all environments', async () => {
  const before = await fetches();
  const environments = Array.from({ length: 5 }, () => world.environment());
  const forged = await Promise.all(Array.from({ length: 10 }, (_, index) => withKid(`invented-${index}`)));
  const good = await token();
  const flood = () =>
    Promise.all(environments.flatMap((authorize) => [...forged, good].map((sent) => authorize(sent))));
  const admitted = (await flood()).filter(Boolean);
  world.clock.nowMs += 29_000;
  admitted.push(...(await flood()).filter(Boolean));
  expect(admitted).toHaveLength(10);
  expect((await fetches()) - before).toBe(1);
  // Redis has a clock of its own.
  await world.tenants.redis.client.del(`gatehouse:fetching:${issuerRecordId(ofStage()[0]?.settings ?? fail())}`);
  world.clock.nowMs += 1_000;
  await flood();
  expect((await fetches()) - before).toBe(2);
});

const fail = (): never => {
  throw new Error('no settings');
};

test('keys that the issuer has changed are known with the first token that names one, everywhere', async () => {
  const [first, second] = [world.environment(), world.environment()];
  const old = await token();
  await Promise.all([first(old), second(old)]);
  await oidc.rotate();
  const renewed = await token();
  expect(await first(renewed)).toBeDefined();
  expect(await first(old)).toBeUndefined();
  const before = await fetches();
  world.clock.nowMs += 1_000;
  expect(await second(renewed)).toBeDefined();
  expect(await fetches()).toBe(before);
});

test.each(['down', 'slow', 'nonsense', 'failing', 'endless', 'weak'] as const)(
  'an issuer that is %s makes no fault: known keys go on, unknown ones are refused in time',
  async (mode) => {
    const authorize = world.environment();
    const [good, unknown] = [await token(), await withKid(`new-${mode}`)];
    expect(await authorize(good)).toBeDefined();
    await oidc.become(mode);
    const began = performance.now();
    const refused = authorize(unknown);
    expect(await authorize(good)).toBeDefined();
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(await refused).toBeUndefined();
    expect(performance.now() - began).toBeLessThan(4_500);
    expect(output.text()).toContain('keys not fetched');
  },
);

test('a refresh that cannot fetch keeps the keys there are, and says so', async () => {
  await oidc.become('down');
  await world.refresh.everything(world.tenants.database.auth);
  expect(output.text()).toContain('keys not fetched');
  await world.tenants.redis.client.flushall();
  expect(await world.environment()(await token())).toBeDefined();
});

test('a refresh brings keys that nobody has asked for yet', async () => {
  await oidc.rotate();
  await world.refresh.everything(world.tenants.database.auth);
  const before = await fetches();
  expect(await world.environment()(await token())).toBeDefined();
  expect(await fetches()).toBe(before);
});

test('an issuer that is down at deploy is there without keys, and complete after the next refresh', async () => {
  await world.refresh.stage([]);
  await oidc.become('down');
  await world.refresh.stage(ofStage());
  expect(await world.environment()(await token())).toBeUndefined();
  await oidc.become('up');
  await world.refresh.everything(world.tenants.database.auth);
  expect(await world.environment()(await token())).toBeDefined();
});

test('an issuer that the next deploy does not name is no longer trusted', async () => {
  expect(await world.environment()(await token())).toBeDefined();
  await world.refresh.stage([]);
  expect(await world.environment()(await token())).toBeUndefined();
});

test('with Redis empty an issuer is read where it lasts', async () => {
  await world.tenants.redis.client.flushall();
  expect(await world.environment()(await token())).toBeDefined();
});

test('what a slow writer knows of an older version never takes the place of a newer one', async () => {
  const [issuer] = ofStage();
  const settings = issuer?.settings ?? fail();
  const id = issuerRecordId(settings);
  const { putVersioned } = await import('../../lambdas/shared/stores/records');
  const at = (version: number): IssuerRecord => ({
    entry: 'e',
    version,
    settings,
    belongs: { organisation: ACME.id },
    keys: [],
    fetchedAtSeconds: version,
    expiresAtSeconds: 2_000_000_000,
  });
  await putVersioned(world.records, id, at(2));
  await putVersioned(world.records, id, at(1));
  expect(await readRecord(world.records, id, IssuerRecord)).toMatchObject({ version: 2 });
  await world.tenants.redis.client.flushall();
  expect(await readRecord(world.records, id, IssuerRecord)).toMatchObject({ version: 2 });
});
