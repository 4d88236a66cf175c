import { setTimeout as pause } from 'node:timers/promises';
import { contracts } from '../../lambdas/routes';
import { client } from '../../lambdas/shared/http/client';
import { until } from '../local/support';
import { seededRandom } from '../support/federation/random';
import { killOne } from '../support/function-killer';
import { tokenOf } from '../support/gateway';
import { type LocalHost, startLocalHost } from '../support/local-host';
import { PatientPublisher } from '../support/patient-publisher';
import { type Behaviour, Sink } from '../support/webhook-sinks';

/** So much faster goes the clock of queues and functions: what a dead function held comes again after 12 s, not 120. */
const CLOCK_RATE = 10;
const VISIBILITY_MS = 120_000 / CLOCK_RATE;
const EVENTS = 10_000;
const KILLS = 50;
const BATCH = 50;
const PUBLISHERS = 4;
/** Of deliveries. */
const MOST_DUPLICATES = 0.01;

const seed = Number(process.env.CRASH_SEED ?? Date.now() % 100_000);
const random = seededRandom(seed);

interface Kind {
  readonly behaviour: Behaviour;
  readonly delayMs?: number;
  /** Whether everything must arrive in the end. */
  readonly arrives: boolean;
  readonly scheduleSeconds?: readonly number[];
}

const SOON = [0, 5, 10, 20, 40, 60, 60, 60, 60, 60, 60, 60];
const healthy: Kind = { behaviour: () => 200, arrives: true };
const slow: Kind = { behaviour: () => 204, delayMs: 300, arrives: true };
const AILING_MS = 8_000;
/** Fails for a while: its deliveries are parked, a probe finds it healed, and they follow. */
function healing(): Kind {
  let firstMs: number | undefined;
  const behaviour = () => (performance.now() - (firstMs ??= performance.now()) < AILING_MS ? 503 : 200);
  return { behaviour, arrives: true, scheduleSeconds: SOON };
}
const resetting: Kind = {
  behaviour: (count) => (count % 5 === 0 ? 'reset' : 200),
  arrives: true,
  scheduleSeconds: SOON,
};
const gone: Kind = { behaviour: () => 410, arrives: false };
const failing: Kind = { behaviour: () => 500, arrives: false, scheduleSeconds: [0, 5, 10] };
const UNWELL = [slow, slow, healing(), healing(), resetting, resetting, gone, failing];
const KINDS: readonly Kind[] = [...Array.from({ length: 12 }, () => healthy), ...UNWELL];

/** The endpoints of each type of event: a type of its own for each, and some that go to three. */
const ROUTES: readonly (readonly number[])[] = [
  ...KINDS.map((_, index) => [index]),
  ...[0, 1, 2, 3].map((index) => [index, index + 4, index + 12]),
];
const routeOf = (number: number) => ROUTES[number % ROUTES.length] ?? [];
const typeOf = (number: number) => `crash.t${number % ROUTES.length}`;
const eventOf = (number: number) => ({
  id: `event-${number}`,
  type: typeOf(number),
  data: { number, note: 'what a publisher says, again and again the same '.repeat(4) },
});
const arriving = (number: number) => routeOf(number).filter((index) => KINDS[index]?.arrives);
const ALL = Array.from({ length: EVENTS }, (_, number) => number);
const EXPECTED = ALL.reduce((sum, number) => sum + arriving(number).length, 0);

let host: LocalHost;
let publisher: PatientPublisher;
let sinks: readonly Sink[];
/** Their ids, in the order of `KINDS`. */
const endpoints: string[] = [];

beforeAll(async () => {
  host = await startLocalHost({ env: { CLOCK_RATE: String(CLOCK_RATE) } });
  // A key, because a token of 15 minutes is over after 90 s of this clock.
  const keys = client(contracts.keys, { baseUrl: host.url, token: await tokenOf('admin', host) });
  const { key } = await keys.createKey({
    body: { name: 'crash test', scopes: ['webhooks:read', 'webhooks:write', 'events:publish'] },
  });
  publisher = new PatientPublisher(client(contracts.webhooks, { baseUrl: host.url, apiKey: key }));
  sinks = await Promise.all(KINDS.map(({ behaviour, delayMs }) => new Sink(behaviour, delayMs).start()));
  for (const [index, { url }] of sinks.entries()) endpoints.push(await register(url, index));
}, 90_000);
afterAll(async () => {
  await host.end();
  for (const sink of sinks) sink.stop();
});

async function register(url: string, index: number): Promise<string> {
  const types = ROUTES.flatMap((route, number) => (route.includes(index) ? [typeOf(number)] : []));
  const schedule = KINDS[index]?.scheduleSeconds;
  const retry = schedule && { scheduleSeconds: [...schedule] };
  const { id } = await publisher.webhooks.createEndpoint({ body: { url, types, ...(retry && { retry }) } });
  return id;
}

async function publishAll(): Promise<void> {
  let next = 0;
  const work = async () => {
    while (next < EVENTS) {
      next += BATCH;
      await publisher.publish(ALL.slice(next - BATCH, next).map(eventOf));
    }
  };
  await Promise.all(Array.from({ length: PUBLISHERS }, work));
}

const takenCount = () => sinks.reduce((sum, { taken }) => sum + taken.size, 0);

/** Kills spread over the work, not over time: each is due when so much has arrived, at a moment that chance picks. */
async function kill(): Promise<Readonly<Record<string, number>>> {
  const killed: Record<string, number> = {};
  for (let count = 0; count < KILLS; ) {
    const due = ((count + random.int(0, 99) / 100) / KILLS) * EXPECTED * 0.95;
    // Where nothing more arrives, what is missing is told below.
    const isDue = await until(() => takenCount() >= due, 60).then(
      () => true,
      () => false,
    );
    if (!isDue) break;
    await pause(random.int(0, 30));
    const name = killOne(host.pid, random);
    if (name === undefined) continue;
    killed[name] = (killed[name] ?? 0) + 1;
    count += 1;
  }
  return killed;
}

const missing = () =>
  ALL.flatMap((number) => {
    const id = publisher.accepted.get(`event-${number}`) ?? '';
    return arriving(number)
      .filter((index) => !sinks[index]?.taken.has(id))
      .map((index) => ({ number, index }));
  });

/** What the log says of what has not arrived: the first of it is enough to find out why. */
const lostStates = () =>
  Promise.all(
    missing()
      .slice(0, 20)
      .map(async ({ number, index }) => {
        const event = publisher.accepted.get(`event-${number}`);
        if (event === undefined) return `event ${number} was not accepted`;
        const { items } = await publisher.webhooks.listEventDeliveries({ params: { event } });
        return `${event} to ${index}: ${JSON.stringify(items.find(({ endpoint }) => endpoint === endpoints[index]))}`;
      }),
  );

/** Everything has arrived, and longer ago than a message stays hidden that a dead function has taken: none comes twice after it. */
const settled = () =>
  missing().length === 0 && performance.now() - Math.max(...sinks.map(({ lastMs }) => lastMs)) > VISIBILITY_MS * 1.2;

/** What the log says of the deliveries of these events, by state. All have ended, or say when they go on. */
async function statesOf(numbers: readonly number[]): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  for (const number of numbers) {
    const event = publisher.accepted.get(`event-${number}`) ?? '';
    const { items } = await publisher.webhooks.listEventDeliveries({ params: { event } });
    const expected = routeOf(number).map((index) => endpoints[index]);
    expect(new Set(items.map(({ endpoint }) => endpoint))).toEqual(new Set(expected));
    for (const { endpoint, state, attempts, nextAttemptAt } of items) {
      const { arrives } = KINDS[endpoints.indexOf(endpoint)] ?? healthy;
      const final = arrives ? ['delivered'] : ['dead', 'parked', 'held'];
      const isExplained = final.includes(state) || (!arrives && state === 'retrying' && nextAttemptAt !== null);
      expect({ event, endpoint, state, attempts, isExplained }).toMatchObject({ isExplained: true });
      counts[state] = (counts[state] ?? 0) + 1;
    }
  }
  return counts;
}

test('no event is lost, and hardly one comes twice, though functions are killed fifty times while 10,000 are under way', async () => {
  process.stdout.write(`CRASH_SEED=${seed}\n`);
  const began = performance.now();
  const [killed] = await Promise.all([kill(), publishAll()]);
  expect(publisher.accepted.size).toBe(EVENTS);
  // Who has waited in vain is told below what is missing.
  await until(settled, 120).catch(() => undefined);
  const lost = missing();
  const lostOf = KINDS.map((_, index) => lost.filter((each) => each.index === index).length);
  if (lost.length > 0)
    process.stdout.write(`not arrived, by endpoint: ${lostOf.join(' ')}\n${(await lostStates()).join('\n')}\n`);
  const arrivals = sinks.flatMap(({ taken }) => [...taken.values()]);
  const duplicates = arrivals.reduce((sum, times) => sum + times - 1, 0);
  const astray = ALL.filter((number) => arriving(number).length < routeOf(number).length);
  const states = await statesOf([...new Set([...astray, ...random.subset(ALL, 300)])]);
  process.stdout.write(
    `${EVENTS} events, ${EXPECTED} deliveries that must arrive, killed ${JSON.stringify(killed)}: lost ${lost.length}, ` +
      `duplicates ${duplicates} (${((duplicates / EXPECTED) * 100).toFixed(2)} %); states of ${astray.length} events that ` +
      `cannot arrive everywhere and 300 others: ${JSON.stringify(states)}; ${((performance.now() - began) / 1000).toFixed(0)} s\n`,
  );
  expect(await lostStates()).toEqual([]);
  expect(arrivals.length).toBe(EXPECTED);
  expect(sinks.flatMap(({ faults }) => faults)).toEqual([]);
  expect(duplicates).toBeLessThanOrEqual(EXPECTED * MOST_DUPLICATES);
}, 400_000);
