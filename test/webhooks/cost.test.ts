import { readFileSync } from 'node:fs';
import { COST_PAGE, WAYS } from '../../bench/cost';
import { type Counted, countDeliveries } from '../../bench/webhooks/cost/count';
import { costPage, dollarsOf, MOST_DOLLARS } from '../../bench/webhooks/cost/model';

let all: readonly Counted[];
beforeAll(async () => {
  all = await countDeliveries(WAYS);
}, 60_000);

const perDelivery = ({ counts, deliveries }: Counted) =>
  Object.fromEntries([...counts].map(([action, units]) => [action, Math.max(...Object.values(units)) / deliveries]));

// Whoever adds a call adds a line here, and to what everybody's deliveries cost.
test('an event that is delivered at once is two writes, and a send, a receive and a delete for each batch', () => {
  const [together, alone] = all.map(perDelivery);
  expect(together).toEqual({
    PutItem: 2,
    BatchWriteItem: 2,
    SendMessageBatch: 0.1,
    ReceiveMessage: 0.1,
    DeleteMessageBatch: 0.1,
  });
  expect(alone).toEqual({
    PutItem: 2,
    BatchWriteItem: 2,
    SendMessageBatch: 1,
    ReceiveMessage: 1,
    DeleteMessageBatch: 1,
  });
});

test('what environments ask every few seconds is not asked for each delivery', () => {
  for (const { refreshed, deliveries } of all) expect(refreshed).toBeLessThan(deliveries / 4);
});

test('a million deliveries, each attempt in the log, cost at most three dollars', () => {
  const [together] = all.map(dollarsOf);
  expect(together).toBeLessThanOrEqual(MOST_DOLLARS);
});

test('the page says what was counted (npm run bench -- cost writes it)', () => {
  expect(readFileSync(COST_PAGE, 'utf8')).toBe(costPage(all));
});
