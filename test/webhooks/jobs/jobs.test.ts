import * as z from 'zod/mini';
import type { Identity } from '../../../lambdas/shared/access/principal';
import { serve } from '../../../lambdas/shared/http/serve';
import { jobRoutes } from '../../../lambdas/webhooks/contracts/jobs';
import { jobOperations, MOST_JOBS } from '../../../lambdas/webhooks/jobs/jobs';
import type { EndpointRecord } from '../../../lambdas/webhooks/records/endpoint';
import { endpointsIn } from '../../../lambdas/webhooks/stores/endpoints';
import { jobsIn } from '../../../lambdas/webhooks/stores/jobs';
import { tableOf } from '../../../lambdas/webhooks/stores/table';
import type { TestAws } from '../../support/aws';
import { ask } from '../../support/handled';
import { captureOutput } from '../../support/output';
import { startTenants, type TestTenants } from '../../support/tenants';
import { endpointRecord } from '../../support/webhook-records';
import { LOG_TABLE, SETTINGS_TABLE, startWebhookStores } from '../../support/webhooks';

captureOutput();
let aws: TestAws;
let tenants: TestTenants;
let acme: Identity;
let globex: Identity;
beforeAll(async () => {
  [aws, tenants] = await Promise.all([startWebhookStores(), startTenants()]);
  [acme, globex] = await Promise.all([tenants.signedIn('admin'), tenants.signedIn('admin', 'globex.example')]);
}, 60_000);
afterAll(() => Promise.all([aws.stop(), tenants.stop()]));

const NOW_MS = Date.parse('2030-01-01T00:00:00Z');
const Made = z.looseObject({ id: z.string() });
const Page = z.object({ items: z.array(Made), next: z.optional(z.string()) });
const ID = 'we_00000000000000000001';

async function endpoint(organisation: string, id = ID, state: EndpointRecord['state'] = 'enabled') {
  await endpointsIn(tableOf(SETTINGS_TABLE)).put(endpointRecord({ id, organisation, state, stateSinceMs: NOW_MS }));
  return id;
}

const jobs = () => jobsIn(tableOf(LOG_TABLE));

async function call(
  route: string,
  by: Identity,
  {
    params,
    body,
    ...rest
  }: { params?: Record<string, string>; body?: unknown; query?: Record<string, string>; key?: string } = {},
) {
  const operations = jobOperations({
    changes: tenants.changes,
    endpoints: endpointsIn(tableOf(SETTINGS_TABLE)),
    jobs: jobs(),
    nowMs: () => NOW_MS,
  });
  const [method = '', resource = ''] = route.split(' ');
  return ask(serve(jobRoutes, operations, tenants.serve), {
    method,
    resource,
    principal: by,
    ...(params && { params }),
    ...(rest.query && { query: rest.query }),
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(rest.key !== undefined && { 'Idempotency-Key': rest.key }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

const CREATE = 'POST /v1/webhooks/endpoints/{id}/jobs';
const create = (by: Identity, body: unknown, id = ID, key?: string) =>
  call(CREATE, by, { params: { id }, body, ...(key !== undefined && { key }) });
const cancel = (by: Identity, job: string) =>
  call('POST /v1/webhooks/jobs/{job}/cancel', by, { params: { job }, body: {} });

describe('a job that is made', () => {
  beforeAll(() => endpoint(acme.organisation));

  test('is answered as it stands, is in the audit, and waits for the sweep', async () => {
    const { status, body } = await create(acme, {
      what: 'redrive',
      types: ['invoice.*'],
      from: '2029-01-01T00:00:00Z',
    });
    expect(status).toBe(202);
    expect(body).toMatchObject({
      endpoint: ID,
      what: 'redrive',
      types: ['invoice.*'],
      from: '2029-01-01T00:00:00.000Z',
      to: '2030-01-01T00:00:00.000Z',
      ratePerSecond: 100,
      state: 'queued',
      progress: { found: 0, sent: 0, skipped: 0, failed: 0 },
      startedAt: null,
      endedAt: null,
    });
    const { id } = Made.parse(body);
    expect((await call('GET /v1/webhooks/jobs/{job}', acme, { params: { job: id } })).body).toEqual(body);
    const { rows } = await tenants.database.master.query('select action from gatehouse.audit_log where target = $1', [
      `job:${id}`,
    ]);
    expect(rows).toEqual([{ action: 'job.created' }]);
    expect(await jobs().get(acme.organisation, id)).toMatchObject({ dueMs: NOW_MS });
  });

  test('is made once for each Idempotency-Key', async () => {
    const first = await create(acme, { what: 'redrive' }, ID, 'again');
    const second = await create(acme, { what: 'redrive' }, ID, 'again');
    expect(second.body).toEqual(first.body);
    expect((await create(acme, { what: 'recover' }, ID, 'again')).status).toBe(409);
  });

  test('to recover what was missed begins once everybody has heard that the endpoint is enabled', async () => {
    const { id } = Made.parse((await create(acme, { what: 'recover' })).body);
    expect(await jobs().get(acme.organisation, id)).toMatchObject({ dueMs: NOW_MS + 15_000 });
    expect((await jobs().get(acme.organisation, id))?.toMs).toBeUndefined();
  });

  test.each([
    ['what', { what: 'delete' }],
    ['from', { what: 'replay' }],
    ['from', { what: 'redrive', from: 'yesterday' }],
    ['from', { what: 'redrive', from: '2029-01-02T00:00:00Z', to: '2029-01-01T00:00:00Z' }],
    ['ratePerSecond', { what: 'redrive', ratePerSecond: 0 }],
    ['ratePerSecond', { what: 'redrive', ratePerSecond: 1001 }],
    ['types', { what: 'redrive', types: [] }],
    ['state', { what: 'redrive', state: 'dead' }],
  ])('with a wrong %s is refused: %j', async (name, body) => {
    const refused = await create(acme, body);
    expect(refused.status).toBe(400);
    expect(refused.body.detail).toContain(name);
  });

  test('is refused for an endpoint that is not enabled, and for one of somebody else as for none', async () => {
    const paused = await endpoint(acme.organisation, 'we_00000000000000000002', 'paused');
    expect((await create(acme, { what: 'recover' }, paused)).status).toBe(409);
    expect((await create(globex, { what: 'recover' })).status).toBe(404);
    expect((await create(acme, { what: 'recover' }, 'we_0000000000000000000z')).status).toBe(404);
  });

  test('is seen and cancelled by its own organisation alone', async () => {
    const { id } = Made.parse((await create(acme, { what: 'redrive' })).body);
    expect((await call('GET /v1/webhooks/jobs/{job}', globex, { params: { job: id } })).status).toBe(404);
    expect((await cancel(globex, id)).status).toBe(404);
    expect(Page.parse((await call('GET /v1/webhooks/jobs', globex)).body).items).toEqual([]);
    const { status, body } = await cancel(acme, id);
    expect(status).toBe(200);
    expect(body).toMatchObject({ id, state: 'cancelled', endedAt: '2030-01-01T00:00:00.000Z' });
    expect((await cancel(acme, id)).status).toBe(409);
  });

  test('is listed, the newest first, a page at a time', async () => {
    const all: string[] = [];
    let cursor: string | undefined;
    do {
      const query = { limit: '2', ...(cursor !== undefined && { cursor }) };
      const { items, next } = Page.parse((await call('GET /v1/webhooks/jobs', acme, { query })).body);
      all.push(...items.map(({ id }) => id));
      cursor = next;
    } while (cursor);
    expect(all.length).toBeGreaterThan(3);
    expect(all).toEqual(all.toSorted().toReversed());
  });
});

test(`an organisation has no more than ${MOST_JOBS} jobs at the same time`, async () => {
  await endpoint(globex.organisation);
  for (let at = 0; at < MOST_JOBS; at += 1) expect((await create(globex, { what: 'redrive' })).status).toBe(202);
  const { items } = Page.parse((await call('GET /v1/webhooks/jobs', globex)).body);
  expect((await create(globex, { what: 'redrive' })).status).toBe(409);
  expect((await cancel(globex, items[0]?.id ?? '')).status).toBe(200);
  expect((await create(globex, { what: 'redrive' })).status).toBe(202);
}, 30_000);
