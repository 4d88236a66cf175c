import { publishingCost } from '../../lambdas/webhooks/publishing/cost';
import { event } from '../support/event';

const request = (body: string, isBase64Encoded = false) => ({
  ...event({ method: 'POST', resource: '/v1/events', body }),
  isBase64Encoded,
});
const many = (count: number) =>
  JSON.stringify({ events: Array.from({ length: count }, () => ({ type: 'a.b', data: {} })) });

test.each([
  ['one event', JSON.stringify({ type: 'a.b', data: { text: 'x'.repeat(2_000) } }), 1],
  ['a few', many(3), 1],
  ['as many as cost 1', many(25), 1],
  ['one more', many(26), 2],
  ['all there may be', many(500), 20],
  ['no JSON', '{'.repeat(1_000), 1],
  ['nothing', '', 1],
  ['no list', JSON.stringify({ events: 'x'.repeat(1_000) }), 1],
])('%s', async (_, body, spent) => {
  expect(await publishingCost(request(body))).toEqual({ spent });
  expect(await publishingCost(request(Buffer.from(body).toString('base64'), true))).toEqual({ spent });
});
