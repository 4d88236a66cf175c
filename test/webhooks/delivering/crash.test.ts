import type { SendAll } from '../../../lambdas/webhooks/stores/queue';
import type { Table } from '../../../lambdas/webhooks/stores/table';
import type { TestAws } from '../../support/aws';
import { captureOutput } from '../../support/output';
import { webhookWorld } from '../../support/webhook-world';
import { startWebhookStores } from '../../support/webhooks';

captureOutput();

// Days of deliveries by real tables: a machine that does other things needs room.
jest.setTimeout(240_000);

let aws: TestAws;
beforeAll(async () => {
  aws = await startWebhookStores();
});
afterAll(() => aws.stop());

const MINUTE_MS = 60_000;

/** Dies at its nth step, before or after it is done; whatever it does then fails until somebody begins anew. */
function mortal(dies: { readonly at: number; readonly when: 'before' | 'after' }) {
  const life = { isBorn: false, steps: 0, isDead: false, hasDied: false };
  const step = async <T>(work: () => Promise<T>): Promise<T> => {
    if (!life.isBorn) return work();
    life.steps += 1;
    const isLast = life.steps === dies.at;
    if (isLast && dies.when === 'before') life.isDead = true;
    if (life.isDead) throw new Error('dead');
    const done = await work();
    if (isLast) life.isDead = true;
    if (life.isDead) throw new Error('dead');
    return done;
  };
  const table = (inner: Table): Table => ({
    get: (...args) => step(() => inner.get(...args)),
    getMany: (...args) => step(() => inner.getMany(...args)),
    put: (...args) => step(() => inner.put(...args)),
    update: (...args) => step(() => inner.update(...args)),
    remove: (...args) => step(() => inner.remove(...args)),
    query: (...args) => step(() => inner.query(...args)),
  });
  const lanes =
    (send: SendAll): SendAll =>
    (messages) =>
      step(() => send(messages));
  return { life, table, lanes };
}

interface Scenario {
  readonly name: string;
  readonly endpoint?: object;
  readonly events: number;
  /** By how many requests there were before. */
  answer(before: number, atMs: number): number;
  readonly ends: readonly string[];
}

const SCENARIOS: readonly Scenario[] = [
  { name: 'delivered at once', events: 2, answer: () => 200, ends: ['delivered'] },
  {
    name: 'retried by the queue and by the index, then delivered',
    endpoint: { retry: { scheduleSeconds: [0, 5, 2_000] } },
    events: 1,
    answer: (before) => (before < 2 ? 500 : 200),
    ends: ['delivered'],
  },
  {
    name: 'refused until it is dead',
    endpoint: { retry: { scheduleSeconds: [0, 5] } },
    events: 1,
    answer: () => 400,
    ends: ['dead'],
  },
  {
    name: 'parked, probed, drained',
    events: 22,
    answer: (before) => (before < 24 ? 500 : 200),
    ends: ['delivered'],
  },
  {
    name: 'retried in turn with others, by a rate',
    endpoint: { ratePerSecond: 0.2 },
    events: 3,
    answer: (before) => (before < 3 ? 500 : 200),
    ends: ['delivered'],
  },
  { name: 'gone', events: 2, answer: () => 410, ends: ['dead', 'held'] },
  {
    name: 'in turn, by a rate that is slower than queues wait',
    endpoint: { ratePerSecond: 0.01 },
    events: 11,
    answer: () => 200,
    ends: ['delivered'],
  },
];

async function live(scenario: Scenario, dies: Parameters<typeof mortal>[0]) {
  const { life, table, lanes } = mortal({ ...dies, at: dies.at });
  let requests = 0;
  const world = webhookWorld({
    queues: false,
    batch: 1,
    table,
    lanes,
    answer(_, atMs) {
      requests += 1;
      return { status: scenario.answer(requests - 1, atMs) };
    },
    begins() {
      // Whoever comes after one that died knows nothing, and lives.
      life.hasDied ||= life.isDead;
      const isNew = life.isDead;
      life.isDead = false;
      return isNew;
    },
  });
  const endpoint = await world.endpoint(scenario.endpoint);
  const events = await world.publish(scenario.events);
  life.isBorn = true;
  await world.run();
  const posts = events.map((event) =>
    world.posted.filter((each) => each.event === event && (each.outcome.status ?? 0) < 300),
  );
  return {
    steps: life.steps,
    hasDied: life.hasDied || life.isDead,
    states: await world.counts(endpoint.id, events),
    twice: posts.filter((each) => each.length > 1).length,
    most: Math.max(...posts.map((each) => each.length)),
  };
}

test.each(SCENARIOS)(
  '$name: whoever dies between any two steps loses nothing, and sends at most one thing twice',
  async (scenario) => {
    const { steps } = await live(scenario, { at: 0, when: 'before' });
    expect(steps).toBeGreaterThan(1);
    // All of a short life; of a long one, so many of its steps, evenly.
    const apart = steps <= 25 ? 1 : Math.floor(steps / 12);
    let duplicates = 0;
    for (let at = 1; at <= steps; at += apart)
      for (const when of ['before', 'after'] as const) {
        const { states, hasDied, twice, most } = await live(scenario, { at, when });
        const circumstances = { at, when, states };
        expect({ ...circumstances, hasDied }).toEqual({ ...circumstances, hasDied: true });
        expect({
          ...circumstances,
          ends: Object.keys(states).filter((state) => !scenario.ends.includes(state)),
        }).toEqual({
          ...circumstances,
          ends: [],
        });
        expect({ ...circumstances, twice, most: Math.min(most, 2) }).toEqual({
          ...circumstances,
          twice: Math.min(twice, 1),
          most: Math.min(most, 2),
        });
        duplicates += twice;
      }
    process.stdout.write(`${scenario.name}: ${steps} steps, ${duplicates} sent twice\n`);
  },
);

test('a message that is handed out twice, or late, does nothing', async () => {
  const world = webhookWorld({ queues: false, answer: () => ({ status: 500 }) });
  const { id } = await world.endpoint({ retry: { scheduleSeconds: [0, 5, 10] } });
  const [event = ''] = await world.publish(1);
  const copies = () => world.waiting.map((each) => ({ ...each }));
  const first = copies();
  await world.run(world.clock.now + 1);
  const second = copies();
  await world.run(world.clock.now + MINUTE_MS);
  const before = world.posted.length;
  expect(before).toBe(3);
  // The first as SQS hands out again what it has handed out before; the second by another message.
  for (const each of first) world.waiting.push({ ...each, again: { id: 'first', receives: 2 } });
  world.waiting.push(...second, ...second);
  await world.run();
  expect(world.posted).toHaveLength(before);
  expect(await world.delivery(id, event)).toMatchObject({ state: 'dead', attempts: 3 });
});

test('of two messages for the same attempt at the same time one is sent', async () => {
  const world = webhookWorld({ queues: false, answer: () => ({ status: world.posted.length === 0 ? 500 : 200 }) });
  await world.endpoint();
  await world.publish(1);
  await world.run(world.clock.now + 1);
  world.waiting.push(...world.waiting.map((each) => ({ ...each })));
  await world.run();
  expect(world.posted).toHaveLength(2);
});
