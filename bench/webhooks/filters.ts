import { compileFilter } from '../../lambdas/webhooks/filter/compile';
import type { EventView } from '../../lambdas/webhooks/filter/event-view';
import { Filter } from '../../lambdas/webhooks/filter/filter';
import { compileRouting } from '../../lambdas/webhooks/routing/routing';
import { count, median, row, say, type Work } from '../measure';

const ENDPOINTS = 1_000;
const GOAL_PER_SECOND = 1_000_000;
const ROUNDS = 9;
const ROUND_MS = 200;

const COUNTRIES = ['DE', 'FR', 'GB', 'US', 'JP', 'BR', 'IN', 'AU'];
const pick = <T>(values: readonly T[], index: number): T | undefined => values[index % values.length];

/** Ten kinds of filters, each with values of its own for each endpoint: what tenants write, from the docs of four senders. */
const KINDS: readonly ((index: number) => unknown)[] = [
  (index) => ({ customer: { id: [`cus_${index}`] } }),
  (index) => ({ amount: [{ numeric: ['>', index, '<=', index + 500] }] }),
  (index) => ({ customer: { country: [pick(COUNTRIES, index), pick(COUNTRIES, index + 3)] }, livemode: [true] }),
  (index) => ({ number: [{ prefix: `INV-${index % 100}` }] }),
  (index) => ({ customer: { email: [{ suffix: { 'equals-ignore-case': `@Example-${index % 50}.com` } }] } }),
  (index) => ({ status: [{ 'anything-but': ['draft', 'void'] }], metadata: { plan: [`plan-${index % 20}`] } }),
  (index) => ({ items: { sku: [{ wildcard: `sku-*-${index % 40}` }], quantity: [{ numeric: ['>=', 2] }] } }),
  (index) => ({ client: { address: [{ cidr: `10.${index % 256}.0.0/16` }] } }),
  (index) => ({ discount: [{ exists: index % 2 === 0 }], currency: ['EUR'] }),
  (index) => ({ $or: [{ amount: [{ numeric: ['>', 9_000] }] }, { customer: { tier: [`tier-${index % 5}`] } }] }),
];

const filterOf = (index: number) => Filter.parse({ data: KINDS[index % KINDS.length]?.(index) });

const eventOf = (index: number): EventView => ({
  type: 'invoice.paid',
  version: 1,
  timestamp: '2026-01-01T00:00:00Z',
  data: {
    id: `in_${index}`,
    number: `INV-${index % 100}-0001`,
    status: 'paid',
    livemode: index % 2 === 0,
    amount: (index * 37) % 10_000,
    currency: index % 3 === 0 ? 'USD' : 'EUR',
    customer: {
      id: `cus_${index}`,
      email: `ann@example-${index % 50}.com`,
      country: pick(COUNTRIES, index),
      tier: `tier-${index % 5}`,
    },
    client: { address: `10.${index % 256}.3.4` },
    metadata: { plan: `plan-${index % 20}` },
    items: [
      { sku: `sku-shirt-${index % 40}`, quantity: 1, price: 1_200 },
      { sku: `sku-shoes-${(index + 1) % 40}`, quantity: 2, price: 8_900 },
    ],
    ...(index % 5 === 0 && { discount: 10 }),
  },
});

/** Events of their own shape and their own texts, as a parser makes them. */
const EVENTS = Array.from(
  { length: 100 },
  (_, index): EventView => ({
    ...eventOf(index * 7),
    data: JSON.parse(JSON.stringify(eventOf(index * 7).data)),
  }),
);

/** By the CPU time of this process, so that it is what one core does, whatever else the machine is busy with. */
function perSecond(work: Work): number {
  work();
  const rates = Array.from({ length: ROUNDS }, () => {
    const began = process.cpuUsage();
    let calls = 0;
    let milliseconds = 0;
    for (; milliseconds < ROUND_MS; calls += 1) {
      work();
      if (calls % BATCH === 0) milliseconds = cpuMilliseconds(began);
    }
    return (calls * 1_000) / cpuMilliseconds(began);
  });
  return median(rates);
}

/** Calls between two looks at the clock. */
const BATCH = 16;

function cpuMilliseconds(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1_000;
}

/** How many filters one core asks in a second, of which each event meets 1,000. */
export async function filters(): Promise<void> {
  const all = Array.from({ length: ENDPOINTS }, (_, index) => ({
    id: String(index),
    types: ['invoice.*'],
    filter: filterOf(index),
  }));
  // An event finds one endpoint in a hundred of its type.
  const spread = all.map((endpoint, index) => ({
    ...endpoint,
    types: [index % 100 === 0 ? 'invoice.paid' : `order.${index}`],
  }));
  let next = 0;
  const event = () => EVENTS[(next += 1) % EVENTS.length] ?? eventOf(0);
  const one = compileRouting(all);
  const few = compileRouting(spread);
  const asked = perSecond(() => one.route(event()));
  const fitting = EVENTS.reduce((sum, each) => sum + one.route(each).length, 0) / EVENTS.length;
  say(
    `Filters: ${count(ENDPOINTS)} endpoints with ${KINDS.length} kinds of filters; an event fits ${count(fitting)} of them`,
  );
  report('filters asked, every endpoint of the type', asked * ENDPOINTS, GOAL_PER_SECOND);
  report('events routed, every endpoint of the type', asked);
  report(
    'events routed, one endpoint in 100 of the type',
    perSecond(() => few.route(event())),
  );
  for (const [index] of KINDS.entries()) {
    const matches = compileFilter(filterOf(index));
    const batch = perSecond(() => EVENTS.forEach((each) => void matches(each)));
    report(`  ${JSON.stringify(KINDS[index]?.(index)).slice(0, 50)}`, batch * EVENTS.length);
  }
  say();
}

const report = (name: string, rate: number, goal?: number) =>
  goal === undefined
    ? row(name, `${count(rate)}/s`, undefined)
    : row(name, `${count(rate)}/s`, rate / goal, 1, (ratio, wanted) => ratio >= wanted);
