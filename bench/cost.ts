import { writeFileSync } from 'node:fs';
import { say } from './measure';
import { countDeliveries } from './webhooks/cost/count';
import { costPage, dollarsOf } from './webhooks/cost/model';

export const COST_PAGE = 'docs/webhooks/cost.md';
/** In batches, as under load; and one by one, as it costs most. */
export const WAYS = [
  { published: 10, sent: 10 },
  { published: 1, sent: 1 },
] as const;

/** Counts what a delivery costs, and writes the page that says it. */
export async function cost(): Promise<void> {
  const all = await countDeliveries(WAYS);
  writeFileSync(COST_PAGE, costPage(all));
  for (const counted of all)
    say(`published by ${counted.published}, sent by ${counted.sent}: ${dollarsOf(counted).toFixed(2)} $ a million`);
}
