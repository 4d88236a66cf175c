import type { Role } from '../../../lambdas/shared/access/permissions';
import { serve } from '../../../lambdas/shared/http/serve';
import { filterRoutes } from '../../../lambdas/webhooks/contracts/filters';
import { filterOperations } from '../../../lambdas/webhooks/filter/test-filter';
import { EndpointFields } from '../../../lambdas/webhooks/registration/fields';
import { principal, served } from '../../support/event';
import { ask } from '../../support/handled';
import { captureOutput } from '../../support/output';
import { endpointRecord } from '../../support/webhook-records';

captureOutput();
const handler = serve(filterRoutes, filterOperations, served);
const event = { type: 'invoice.paid', data: { amount: 1200, currency: 'USD' } };

const explained = (body: unknown, role: Role = 'editor') =>
  ask(handler, {
    method: 'POST',
    resource: '/v1/webhooks/filters/test',
    principal: principal(role),
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

test('says of each condition whether the event meets it, and what it has there', async () => {
  const filter = { data: { amount: [{ numeric: ['>=', 100] }], currency: ['EUR'], paid: [{ exists: true }] } };
  const { status, body } = await explained({ filter, event });
  expect(status).toBe(200);
  expect(body).toEqual({
    matches: false,
    why: [
      { path: 'data.amount', expected: [{ numeric: ['>=', 100] }], found: 1200, matches: true },
      { path: 'data.currency', expected: ['EUR'], found: 'USD', matches: false },
      { path: 'data.paid', expected: [{ exists: true }], matches: false },
    ],
  });
});

test('matches by the fields of the event that are not sent, too', async () => {
  const { body } = await explained({ filter: { version: [1], channel: [{ exists: false }] }, event });
  expect(body).toMatchObject({ matches: true });
});

test.each([
  ['filter.data.amount', { filter: { data: { amount: 1200 } }, event }],
  ['filter.amount', { filter: { amount: [1] }, event }],
  ['filter', { filter: { data: { a: [{ wildcard: '**' }] } }, event }],
  ['filter', { event }],
  ['event.type', { filter: {}, event: { data: {} } }],
])('refuses what is wrong with %s by its name', async (name, body) => {
  const refused = await explained(body);
  expect(refused.status).toBe(400);
  expect(refused.body.detail).toContain(name);
});

test('is not for those who may not see webhooks', async () => {
  expect((await explained({ filter: {}, event }, 'api_user')).status).toBe(403);
});

test('an endpoint is not registered with a filter that would match nothing it says', () => {
  const wrong = { ...endpointRecord(), filter: { data: { amount: [{ numric: ['>', 1] }] } } };
  const { success, error } = EndpointFields.safeParse(wrong);
  expect(success).toBe(false);
  expect(error?.issues[0]?.path.slice(0, 3)).toEqual(['filter', 'data', 'amount']);
});
