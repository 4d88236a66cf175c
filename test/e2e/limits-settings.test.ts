import * as z from 'zod/mini';
import { contracts } from '../../lambdas/routes';
import { client } from '../../lambdas/shared/http/client';
import { call, gateway, tokenOf } from '../support/gateway';

const bearer = (token: string) => ({ authorization: `Bearer ${token}`, 'content-type': 'application/json' });

test('limits of a key are counted over all functions together, and shown without spending any', async () => {
  const token = await tokenOf('admin');
  const { createKey, updateKey, deleteKey } = client(contracts.keys, { baseUrl: gateway.url, token });
  const limits = { ratePerSecond: 0.01, burst: 3 };
  const scopes = ['keys:read', 'organisations:read', 'account:read'] as const;
  const { id, key } = await createKey({ body: { name: 'counted', scopes: [...scopes], limits } });
  const get = async (path: string) => call(path, { headers: { 'x-api-key': key } });
  const left = async () => {
    const { policies } = z
      .object({ policies: z.array(z.object({ name: z.string(), scope: z.string(), remaining: z.int() })) })
      .parse((await get('/v1/limits')).body);
    return policies.find(({ name, scope }) => name === 'burst' && scope === 'api_key')?.remaining;
  };
  expect(await left()).toBe(3);
  const paths = ['/v1/keys', '/v1/organisations', '/v1/keys', '/v1/organisations'];
  const statuses: number[] = [];
  for (const path of paths) statuses.push((await get(path)).status);
  expect(statuses).toEqual([200, 200, 200, 429]);
  expect([await left(), await left()]).toEqual([0, 0]);
  await updateKey({ params: { id }, body: { limits: { ratePerSecond: 0.01, burst: 10 } } });
  expect((await get('/v1/organisations')).status).toBe(200);
  await deleteKey({ params: { id } });
});

test('an operator changes the settings while they run; an administrator of a tenant may not even read them', async () => {
  const token = await tokenOf('admin');
  const { getLimitSettings, putLimitSettings } = client(contracts.limits, { baseUrl: gateway.url, token });
  const { version, settings } = await getLimitSettings();
  expect(await putLimitSettings({ body: settings })).toMatchObject({ deployed: false, inForceWithinSeconds: 2 });
  expect((await getLimitSettings()).version).toBeGreaterThan(version);
  const theirs = { headers: bearer(await tokenOf('admin', gateway, 'globex.example')) };
  for (const path of ['/v1/settings/limits', '/v1/settings/organisations/0a000000-0000-4000-8000-000000000002'])
    expect(await call(path, theirs)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
});
