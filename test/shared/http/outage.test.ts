import { randomUUID } from 'node:crypto';
import { access } from '../../../lambdas/shared/access/access';
import { accessCache } from '../../../lambdas/shared/access/cache';
import { changes } from '../../../lambdas/shared/access/change';
import type { Identity } from '../../../lambdas/shared/access/principal';
import { serve } from '../../../lambdas/shared/http/serve';
import { redisBehind } from '../../../lambdas/shared/stores/redis';
import { tenantRoutes } from '../../../lambdas/tenants/contract';
import { tenants as tenantOperations } from '../../../lambdas/tenants/tenants';
import { ask } from '../../support/handled';
import { captureOutput } from '../../support/output';
import { doorTo } from '../../support/redis';
import { startTenants, type TestTenants, userOf } from '../../support/tenants';

const output = captureOutput();

let given: TestTenants;
let admin: Identity;
beforeAll(async () => {
  given = await startTenants();
  admin = await given.signedIn('admin');
  handler = environment();
}, 30_000);

/** As a function has it: with the deadline and the breaker before Redis. */
function environment() {
  const { app: pool, redis, settings } = given;
  const cache = accessCache(redisBehind(doorTo(redis.options)));
  return serve(
    tenantRoutes,
    tenantOperations({ changes: changes(pool, cache), pepper: async () => 'pepper', newId: randomUUID }),
    { ...given.serve, access: access({ cache, settings, pool, nowMs: Date.now }) },
  );
}
let handler: ReturnType<typeof environment>;
const list = () => ask(handler, { resource: '/v1/members', principal: admin });
const json = { 'content-type': 'application/json' };
const demote = () => {
  const { id } = userOf('editor');
  const request = { method: 'PATCH', resource: '/v1/members/{id}', params: { id }, headers: json, principal: admin };
  return ask(handler, { ...request, body: '{"roles":["viewer"]}' });
};
const rolesOfEditor = async () =>
  (await given.database.master.query('select roles from gatehouse.members where user_id = $1', [userOf('editor').id]))
    .rows;

// In this order: first one store goes, then the other.
test('without Redis what is read is answered; a change that takes rights away answers 503, and nothing is changed', async () => {
  await given.redis.stop();
  expect(await list()).toMatchObject({ status: 200 });
  const answer = await demote();
  expect(answer).toMatchObject({ status: 503, body: { code: 'not_ready' }, headers: { 'retry-after': '2' } });
  expect(await rolesOfEditor()).toEqual([{ roles: ['editor'] }]);
});

test('without PostgreSQL every request answers 503 with Retry-After, says nothing of why, and counts as no fault', async () => {
  await given.database.halt();
  const answers = [await list(), await list(), await demote()];
  for (const answer of answers) {
    expect(answer).toMatchObject({ status: 503, body: { code: 'not_ready' }, headers: { 'retry-after': '2' } });
    expect(answer.text).not.toMatch(/terminated|ECONN|127\.0\.0\.1/);
  }
  expect(output.text()).not.toContain('Faults');
});
