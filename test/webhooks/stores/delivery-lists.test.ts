import { randomUUID } from 'node:crypto';
import type { DeliveryRecord, DeliveryState } from '../../../lambdas/webhooks/records/delivery';
import { eventId, hashOf } from '../../../lambdas/webhooks/records/event';
import { listDeliveries, type Wanted } from '../../../lambdas/webhooks/stores/delivery-lists';
import { logIn } from '../../../lambdas/webhooks/stores/log';
import { tableOf } from '../../../lambdas/webhooks/stores/table';
import { placeOf } from '../../../lambdas/webhooks/stores/waiting';
import type { TestAws } from '../../support/aws';
import { LOG_TABLE, startWebhookStores } from '../../support/webhooks';

let aws: TestAws;
beforeAll(async () => {
  aws = await startWebhookStores();
});
afterAll(() => aws.stop());

const organisation = randomUUID();
const endpoint = 'we_1';
const table = tableOf(LOG_TABLE);
const log = logIn(table);
const STATES = ['delivered', 'dead', 'held', 'retrying'] as const satisfies readonly DeliveryState[];
const START = Date.parse('2026-01-01T00:00:00Z');

/** One a second, states and types in turns. */
const all: DeliveryRecord[] = Array.from({ length: 130 }, (_, second) => ({
  organisation,
  endpoint,
  event: eventId(START + second * 1000, hashOf(organisation, `e${second}`)),
  type: second % 3 === 0 ? 'invoice.paid' : 'invoice.sent',
  state: STATES[second % STATES.length] ?? 'delivered',
  attempts: 1,
  tries: 1,
  expiresAtSeconds: 2_000_000_000,
}));

beforeAll(async () => {
  for (const delivery of all) {
    const waits = ['dead', 'held'].includes(delivery.state);
    const place = placeOf(delivery.state, organisation, endpoint);
    await log.putDelivery(delivery, waits ? { place, at: delivery.event } : undefined);
  }
  const other = all[0];
  if (other) await log.putDelivery({ ...other, endpoint: 'we_2' }, undefined);
});

async function everything(wanted: Partial<Wanted>): Promise<string[]> {
  const found: string[] = [];
  let before: string | undefined;
  do {
    const page = await listDeliveries(table, { organisation, endpoint, limit: 7, ...wanted, before });
    expect(page.deliveries.length).toBeLessThanOrEqual(7);
    found.push(...page.deliveries.map(({ event }) => event));
    before = page.next;
  } while (before !== undefined);
  return found;
}

const expected = (keep: (delivery: DeliveryRecord, second: number) => boolean) =>
  all
    .filter(keep)
    .map(({ event }) => event)
    .toReversed();

test.each<[string, Partial<Wanted>, Parameters<typeof expected>[0]]>([
  ['all of an endpoint', {}, () => true],
  ['of one state, by the index', { state: 'dead' }, ({ state }) => state === 'dead'],
  ['of one state that no index has', { state: 'delivered' }, ({ state }) => state === 'delivered'],
  ['of one type', { type: 'invoice.paid' }, ({ type }) => type === 'invoice.paid'],
  [
    'of a state and a type',
    { state: 'held', type: 'invoice.sent' },
    ({ state, type }) => state === 'held' && type === 'invoice.sent',
  ],
  [
    'of a range of times',
    { fromMs: START + 30_000, toMs: START + 60_000 },
    (_, second) => second >= 30 && second <= 60,
  ],
  [
    'of a state in a range of times',
    { state: 'dead', fromMs: START + 30_000, toMs: START + 60_000 },
    ({ state }, second) => state === 'dead' && second >= 30 && second <= 60,
  ],
  ['of a range that ends before it begins', { fromMs: START + 60_000, toMs: START }, () => false],
])('a list finds each delivery once, the newest first: %s', async (_, wanted, keep) => {
  expect(await everything(wanted)).toEqual(expected(keep));
});

test("another tenant's list is empty", async () => {
  expect(await everything({ organisation: randomUUID() })).toEqual([]);
});
