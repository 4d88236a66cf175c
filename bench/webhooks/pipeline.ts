import { createServer, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import * as z from 'zod/mini';
import { contracts } from '../../lambdas/routes';
import { client } from '../../lambdas/shared/http/client';
import { type LocalHost, startLocalHost } from '../../test/support/local-host';
import type { Webhooks } from '../../test/support/patient-publisher';
import { median, row, say } from '../measure';

/** Endpoints that answer at once, and events for each in a round. */
const HEALTHY = 4;
const EVENTS = 75;
/** Between two events of the healthy: what comes beside must not fill this machine. */
const APART_MS = 40;
const ROUNDS = 4;
const MOST_MOVED = 1.1;
/** Of attempts that retrying each delivery by itself would make. */
const MOST_ATTEMPTS = 0.01;
const SCHEDULED_ATTEMPTS = 10;

const Sent = z.object({ data: z.object({ sentAtMs: z.number(), round: z.string() }) });

/** Receives events; how long each was on its way, in milliseconds, by the round it belongs to. */
class Receiver {
  readonly times = new Map<string, number[]>();
  requests = 0;
  readonly #server: Server;

  constructor(status: number) {
    this.#server = createServer((request, response) => {
      const arrivedAtMs = performance.now();
      this.requests += 1;
      text(request)
        .then((body) => this.#note(body, arrivedAtMs))
        .catch(() => undefined);
      response.writeHead(status).end();
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${Object(this.#server.address()).port}/`;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #note(body: string, arrivedAtMs: number): void {
    const { sentAtMs, round } = Sent.parse(JSON.parse(body)).data;
    const times = this.times.get(round) ?? [];
    this.times.set(round, times);
    times.push(arrivedAtMs - sentAtMs);
  }
}

async function signedIn({ url, password }: LocalHost): Promise<Webhooks> {
  const auth = client(contracts.auth, { baseUrl: url });
  const { access_token: token } = await auth.issueToken({
    body: { grant_type: 'password', username: 'admin@acme.example', password },
  });
  return client(contracts.webhooks, { baseUrl: url, token });
}

interface World {
  readonly webhooks: Webhooks;
  readonly healthy: Receiver;
  readonly dead: Receiver;
}

const publish = ({ webhooks }: World, type: string, round: string) =>
  webhooks.publishEvents({ body: { type, data: { sentAtMs: performance.now(), round } } });

/** One round of events for the healthy endpoints, and as many for one that answers or for the dead one: the machine has as much to do. */
async function takeRound(world: World, name: string, beside: 'well' | 'dead'): Promise<readonly number[]> {
  const published: Promise<unknown>[] = [];
  for (let event = 0; event < EVENTS * HEALTHY; event += 1) {
    published.push(publish(world, `bench.t${event % HEALTHY}`, name));
    published.push(publish(world, `bench.${beside}`, beside));
    await pause(APART_MS);
  }
  await Promise.all(published);
  for (let waits = 0; waits < 200 && (world.healthy.times.get(name)?.length ?? 0) < EVENTS * HEALTHY; waits += 1)
    await pause(50);
  return world.healthy.times.get(name) ?? [];
}

const at = (values: readonly number[], share: number) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN;

/** From publishing to the first byte at an endpoint, by the whole local platform; and what a dead endpoint does to the others. */
export async function pipeline(): Promise<void> {
  const host = await startLocalHost();
  const [healthy, dead] = [new Receiver(200), new Receiver(500)];
  try {
    const webhooks = await signedIn(host);
    const world = { webhooks, healthy, dead };
    const url = await healthy.listen();
    for (let index = 0; index < HEALTHY; index += 1)
      await webhooks.createEndpoint({ body: { url, types: [`bench.t${index}`] } });
    await webhooks.createEndpoint({ body: { url, types: ['bench.well'] } });
    await webhooks.createEndpoint({ body: { url: await dead.listen(), types: ['bench.dead'] } });
    await measure(world);
  } finally {
    healthy.stop();
    dead.stop();
    await host.end();
  }
}

async function measure(world: World): Promise<void> {
  await takeRound(world, 'warm-up', 'dead');
  const deadBefore = world.dead.requests;
  const all: number[][] = [];
  const beside: number[][] = [];
  // In turns, so that what else the machine does hits both alike.
  for (let turn = 0; turn < ROUNDS; turn += 1) {
    all.push([...(await takeRound(world, `all well ${turn}`, 'well'))]);
    beside.push([...(await takeRound(world, `one dead ${turn}`, 'dead'))]);
  }
  const p99 = (rounds: readonly number[][]) => median(rounds.map((times) => at(times, 0.99)));
  say('From publishing by HTTP to the first byte at the endpoint: the whole local platform, one event in each request');
  row('p50', `${at(all.flat(), 0.5).toFixed(1)} ms`, undefined);
  row('p99 of healthy endpoints, half of all events for another', `${p99(all).toFixed(1)} ms`, undefined);
  row('p99 of the same, the other one dead', `${p99(beside).toFixed(1)} ms`, p99(beside) / p99(all), MOST_MOVED);
  const events = EVENTS * HEALTHY * ROUNDS;
  const attempts = world.dead.requests - deadBefore;
  row(
    'attempts at the dead one, of those without a breaker',
    `${attempts}`,
    attempts / (events * SCHEDULED_ATTEMPTS),
    MOST_ATTEMPTS,
  );
  say();
}
