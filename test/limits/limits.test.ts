import * as z from 'zod/mini';
import type { Identity } from '../../lambdas/shared/access/principal';
import { captureOutput } from '../support/output';
import { downRedis } from '../support/redis';
import { type Environment, only, startLimits, type TestLimits } from './support';

captureOutput();
let given: TestLimits;
let here: Environment;
let viewer: Identity;
beforeAll(async () => {
  given = await startLimits();
  here = given.environment();
  viewer = await given.tenants.signedIn('viewer', 'globex.example');
}, 30_000);
afterAll(() => given.stop());

const Policy = z.object({
  name: z.string(),
  scope: z.string(),
  limit: z.int(),
  remaining: z.int(),
  resetSeconds: z.nullable(z.int()),
  resetsAt: z.nullable(z.string()),
  windowSeconds: z.nullable(z.int()),
});
const State = z.object({
  plan: z.string(),
  organisationPlan: z.string(),
  degraded: z.boolean(),
  policies: z.array(Policy),
});
const asked = async (as: Identity, environment = here) => {
  const { status, headers, body } = await environment.call('getLimits', { as });
  expect(status).toBe(200);
  return { headers, ...State.parse(body) };
};
const bucketOf = (state: z.output<typeof State>, scope: string) =>
  state.policies.find((policy) => policy.name === 'burst' && policy.scope === scope);

test('asking spends nothing, and what is spent shows', async () => {
  const key = await given.key({ limits: only(10) });
  await here.spend(key, 3);
  for (let n = 0; n < 3; n += 1)
    expect(bucketOf(await asked(key), 'api_key')).toMatchObject({ limit: 10, remaining: 7, windowSeconds: 1_000 });
});

test('who is over a limit may still ask, and is told so', async () => {
  const key = await given.key({ limits: only(2) });
  await here.spend(key, 2);
  expect(await here.spend(key)).toBe('rate_limited');
  expect(bucketOf(await asked(key), 'api_key')).toMatchObject({ remaining: 0 });
});

test('it says what the headers of the same answer say', async () => {
  const key = await given.key({ limits: { ...only(50), quota: { requests: 40, per: 'day' } } });
  await here.spend(key, 4);
  const { headers, policies } = await asked(key);
  const items = policies.map(({ name, scope, remaining, resetSeconds }) =>
    resetSeconds === null ? `"${scope}-${name}";r=${remaining}` : `"${scope}-${name}";r=${remaining};t=${resetSeconds}`,
  );
  expect(String(headers.ratelimit).split(', ').toSorted()).toEqual(items.toSorted());
  const quota = policies.find(({ name }) => name === 'day');
  expect(quota).toMatchObject({ scope: 'api_key', limit: 40, remaining: 36, windowSeconds: 86_400 });
  expect([headers['x-ratelimit-limit'], headers['x-ratelimit-remaining']]).toEqual(['40', '36']);
  expect(headers['cache-control']).toBe('no-store');
});

test('a time of reset is the moment so many seconds ahead; requests under way have none', async () => {
  const { policies } = await asked(await given.key());
  const concurrent = policies.find(({ name }) => name === 'concurrent');
  expect(concurrent).toMatchObject({ scope: 'organisation', resetSeconds: null, resetsAt: null, windowSeconds: null });
  for (const { resetSeconds, resetsAt } of policies.filter((policy) => policy !== concurrent)) {
    const ahead = Date.parse(resetsAt ?? '') - Date.now();
    expect(ahead).toBeLessThanOrEqual(((resetSeconds ?? 0) + 1) * 1000);
  }
});

describe('it answers', () => {
  test('a user: with the plan of the organisation', async () => {
    const { plan, organisationPlan, degraded, policies } = await asked(viewer);
    expect({ plan, organisationPlan, degraded }).toEqual({ plan: 'free', organisationPlan: 'free', degraded: false });
    expect(new Set(policies.map(({ scope }) => scope))).toEqual(new Set(['user', 'organisation']));
  });

  test('a key: with its own plan beside that of the organisation', async () => {
    const key = await given.key({ domain: 'globex.example', plan: 'pro' });
    expect(await asked(key)).toMatchObject({ plan: 'pro', organisationPlan: 'free' });
  });

  test('a client', async () => {
    const [row] = await given.sql(
      `insert into gatehouse.clients (organisation_id, name, kind, secret_hash, scopes, limits)
       values ($1, 'c', 'confidential', 'x', '{account:read}', $2) returning id`,
      [viewer.organisation, only(9)],
    );
    const client: Identity = { kind: 'client', id: String(row?.id), organisation: viewer.organisation };
    expect(bucketOf(await asked(client), 'client')).toMatchObject({ limit: 9, remaining: 9 });
  });

  test('nobody who may not read their own account', async () => {
    const key = await given.key({ scopes: ['graph:query'] });
    expect(await here.call('getLimits', { as: key })).toMatchObject({ status: 403 });
  });
});

test('without Redis it says that this environment counts alone', async () => {
  const { degraded, headers } = await asked(viewer, given.environment(downRedis()));
  expect([degraded, headers['x-ratelimit-mode']]).toEqual([true, 'degraded']);
});
