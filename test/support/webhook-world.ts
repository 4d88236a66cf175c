import { randomBytes, randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { awsCall } from '../../lambdas/shared/aws/aws-call';
import { deliver } from '../../lambdas/webhooks/delivering/deliver';
import { disable } from '../../lambdas/webhooks/delivering/disable';
import { gatekeeper } from '../../lambdas/webhooks/delivering/gatekeeper';
import { endpointOf } from '../../lambdas/webhooks/delivering/known-endpoints';
import type { Outcome } from '../../lambdas/webhooks/post/outcome';
import type { PostRequest } from '../../lambdas/webhooks/post/poster';
import { operational } from '../../lambdas/webhooks/publishing/operational';
import { publish } from '../../lambdas/webhooks/publishing/publish';
import { routingOf } from '../../lambdas/webhooks/publishing/routing-of';
import { nothingSent } from '../../lambdas/webhooks/publishing/sent-events';
import type { EndpointRecord } from '../../lambdas/webhooks/records/endpoint';
import type { AttemptMessage } from '../../lambdas/webhooks/records/message';
import { sealed, sealingOf } from '../../lambdas/webhooks/registration/sealed';
import { newSigningKeys } from '../../lambdas/webhooks/signing/secrets';
import { STATES, statesIn } from '../../lambdas/webhooks/stores/endpoint-states';
import { endpointsIn } from '../../lambdas/webhooks/stores/endpoints';
import { type Lanes, outgoing } from '../../lambdas/webhooks/stores/lanes';
import { DELIVERIES, logIn } from '../../lambdas/webhooks/stores/log';
import { type Outgoing, queueAt, type SendAll } from '../../lambdas/webhooks/stores/queue';
import { type Table, tableOf } from '../../lambdas/webhooks/stores/table';
import { DUE_SHARDS } from '../../lambdas/webhooks/stores/waiting';
import { type Waits, waitsIn } from '../../lambdas/webhooks/stores/waits';
import { seeToDelivery } from '../../lambdas/webhooks/sweeping/deliveries';
import { seeToEndpoint } from '../../lambdas/webhooks/sweeping/endpoints';
import { sweep } from '../../lambdas/webhooks/sweeping/sweep';
import { LOG_TABLE, QUEUES, queueUrl, SETTINGS_TABLE } from './webhooks';

/** A message that is to be handed out at a time. */
interface Waiting {
  readonly dueMs: number;
  readonly lane: keyof Lanes;
  readonly message: Outgoing;
  /** Of one that was handed out before, and did not come to its end. */
  readonly again?: { readonly id: string; readonly receives: number };
}

export interface Posted {
  readonly atMs: number;
  readonly url: string;
  readonly event: string;
  readonly outcome: Outcome;
}

interface Options {
  /** How an endpoint answers. */
  answer(request: PostRequest, atMs: number): Partial<Outcome>;
  /** Whether messages go through the queues on their way. @default true */
  readonly queues?: boolean;
  /** @default 10 */
  readonly batch?: number;
  /** Stands between the workers and their stores. */
  readonly table?: (table: Table) => Table;
  readonly lanes?: (send: SendAll) => SendAll;
  /** Told before each thing that a worker or a sweep does: whether that is to be a new one. */
  readonly begins?: () => boolean;
}

/** What no answer of a test says otherwise. */
const UNSEEN = { bodyBytes: 0, isBodyLonger: false, isRepeated: false, times: { totalMs: 20 } };
const START_MS = Date.parse('2026-01-01T00:00:00Z');
const MINUTE_MS = 60_000;
/** After which the queue hands out what a dead worker had. */
const VISIBILITY_MS = 120_000;
const Received = z.object({
  Messages: z.prefault(z.array(z.object({ MessageId: z.string(), Body: z.string(), ReceiptHandle: z.string() })), []),
});

/**
 * Everything between publishing and endpoints, with the tables and queues of webhooks, in one process and by a clock of its own:
 * days pass as fast as what is due in them is done.
 */
export function webhookWorld(options: Options) {
  const { queues = true, batch = 10, answer } = options;
  const organisation = randomUUID();
  const posted: Posted[] = [];
  const waiting: Waiting[] = [];
  const sent: string[] = [];
  const sealing = sealingOf(() => Promise.resolve(JSON.stringify({ keys: [], first: MASTER })));
  const clock = { now: START_MS };
  const nowMs = () => clock.now;
  const settings = tableOf(SETTINGS_TABLE);
  const table = tableOf(LOG_TABLE);
  const endpoints = endpointsIn(settings);

  /** What is due in this world alone: others have the same tables. */
  function ownWaits(ours: Table): Waits {
    const waits = waitsIn(ours);
    return {
      ...waits,
      async due(...range) {
        const { items, last } = await waits.due(...range);
        return { items: items.filter(({ pk }) => pk.includes(organisation)), last };
      },
    };
  }

  /** What a worker or a sweep has, with nothing in its memory. */
  function parts() {
    const through = options.table ?? ((each) => each);
    const ours = through(table);
    const sendTo = (lane: keyof Lanes): SendAll => {
      const send: SendAll = (messages) => {
        for (const message of messages) {
          sent.push(lane);
          waiting.push({ dueMs: clock.now + Math.ceil(message.delaySeconds ?? 0) * 1000, lane, message });
        }
        return Promise.resolve([]);
      };
      return options.lanes?.(send) ?? send;
    };
    const lanes: Lanes = { deliveries: sendTo('deliveries'), retries: sendTo('retries'), bulk: sendTo('bulk') };
    const log = logIn(ours);
    const theirs = endpointsIn(through(settings));
    const states = statesIn(ours, nowMs);
    const publishing = { log, lanes, routingOf: routingOf(theirs, nowMs), sent: nothingSent, nowMs };
    return {
      ...publishing,
      endpoints: theirs,
      states,
      publishing,
      waits: ownWaits(ours),
      tell: operational(publishing),
    };
  }

  function worker() {
    const { log, lanes, endpoints: theirs, states, tell } = parts();
    return {
      log,
      lanes,
      endpointOf: endpointOf(theirs, sealing, nowMs),
      gatekeeper: gatekeeper({
        states,
        disable: (endpoint, reason, atMs) => disable(theirs, endpoint, reason, atMs),
        nowMs,
        wait: (ms) => Promise.resolve(void (clock.now += ms)),
      }),
      post: (request: PostRequest) => {
        const outcome = { ...UNSEEN, ...answer(request, clock.now) };
        posted.push({ atMs: clock.now, url: request.url, event: request.headers['webhook-id'] ?? '', outcome });
        return Promise.resolve(outcome);
      },
      policy: { http: true, privateTargets: true, ports: 'any' as const },
      authorize: () => Promise.resolve({}),
      tellExhausted: tell.exhausted,
      nowMs,
      random: () => 0.5,
    };
  }

  const sweepOnce = (untilMs = Number.POSITIVE_INFINITY) => {
    const steps = parts();
    return sweep(steps, { [DELIVERIES]: seeToDelivery(steps), [STATES]: seeToEndpoint(steps, untilMs) }, untilMs);
  };

  /** The first minute at which the sweep has something to do. */
  async function nextSweepMs(): Promise<number> {
    const { due } = ownWaits(table);
    const pages = await Promise.all(
      Array.from({ length: DUE_SHARDS }, (_, shard) => due(shard, clock.now + 1e12, undefined)),
    );
    const [first] = pages.flatMap(({ items }) => items.map(({ at }) => Date.parse(at))).toSorted((a, b) => a - b);
    if (first === undefined) return Number.POSITIVE_INFINITY;
    const tickMs = Math.ceil((Math.max(first - MINUTE_MS, sweptMs + 1) - START_MS) / MINUTE_MS) * MINUTE_MS;
    return START_MS + tickMs;
  }

  async function handOut(handed: readonly Waiting[], by: ReturnType<typeof worker>): Promise<void> {
    const anew = handed.filter(({ again }) => !again);
    const ids = queues
      ? await throughQueues(anew)
      : anew.map((each) => ({ id: randomUUID(), body: each.message.body }));
    const messages = [
      ...ids.map((each) => ({ ...each, receives: 1 })),
      ...handed.flatMap(({ again, message }) => (again ? [{ ...again, body: message.body }] : [])),
    ];
    const failed = new Set(await deliver(by, messages));
    for (const { id, body, receives } of messages)
      if (failed.has(id))
        waiting.push({
          dueMs: clock.now + VISIBILITY_MS,
          lane: 'retries',
          message: { body, group: '' },
          again: { id, receives: receives + 1 },
        });
  }

  /** Messages that are due stand first. */
  const dueNow = () => {
    waiting.sort((a, b) => a.dueMs - b.dueMs);
    return waiting.filter(({ dueMs }) => dueMs <= clock.now).length;
  };

  let sweptMs = START_MS - 1;
  let worn = worker();
  return {
    organisation,
    posted,
    clock,
    table,
    endpoints,
    waiting,
    parts,
    worker,
    sweepOnce,
    log: logIn(table),
    states: statesIn(table, nowMs),
    /** Ends the worker: the next one knows nothing. */
    restart: () => void (worn = worker()),

    async endpoint(fields: Partial<EndpointRecord> = {}): Promise<EndpointRecord> {
      const id = `we_${randomBytes(10)
        .toString('hex')
        .replaceAll(/[ilou]/g, '0')}`;
      const place = { organisation, id };
      const content = { keys: newSigningKeys(undefined), authentication: { kind: 'none' as const } };
      const record: EndpointRecord = {
        ...place,
        url: `https://${id}.example.com/`,
        types: ['*'],
        authentication: { kind: 'none' },
        signature: 'standard',
        asymmetric: false,
        state: 'enabled',
        stateSinceMs: clock.now,
        version: 1,
        createdAtMs: clock.now,
        updatedAtMs: clock.now,
        ...fields,
        sealed: sealed(await sealing(), place, content),
      };
      await endpoints.put(record);
      return record;
    },

    /** Publishes so many events by a publisher that may die, and comes again then; their ids. */
    async publish(count = 1, type = 'invoice.paid', by = parts().publishing): Promise<string[]> {
      const run = randomUUID();
      const timestamp = new Date(clock.now).toISOString();
      const drafts = Array.from({ length: count }, (_, n) => ({
        type,
        version: 1,
        timestamp,
        data: { n },
        key: `${run} ${n}`,
      }));
      const published = await publish(by, organisation, drafts, 30 * 86_400);
      return published.map((each) => ('event' in each ? each.event.id : each.outcome));
    },

    /** Hands out what is due and sweeps each minute, until then or until nothing waits for a time any more. */
    async run(untilMs = Number.POSITIVE_INFINITY): Promise<void> {
      for (;;) {
        dueNow();
        const first = waiting[0];
        const sweepMs = await nextSweepMs();
        const nextMs = Math.min(first?.dueMs ?? Number.POSITIVE_INFINITY, sweepMs);
        if (nextMs === Number.POSITIVE_INFINITY || nextMs > untilMs) break;
        clock.now = Math.max(clock.now, nextMs);
        if (first === undefined || sweepMs < first.dueMs) {
          sweptMs = sweepMs;
          options.begins?.();
          await sweepOnce().catch(() => undefined);
          continue;
        }
        for (let due = dueNow(); due > 0; due = dueNow()) {
          if (options.begins?.()) worn = worker();
          await handOut(waiting.splice(0, Math.min(batch, due)), worn);
        }
      }
      if (untilMs !== Number.POSITIVE_INFINITY) clock.now = Math.max(clock.now, untilMs);
    },

    /** Puts a message in the lane of first attempts. */
    send: async (message: AttemptMessage) => void (await parts().lanes.deliveries([outgoing(message)])),
    /** The lanes of all messages that are sent from now on by workers and sweeps. */
    lanesSeen() {
      const before = sent.length;
      return () => sent.slice(before);
    },

    delivery: (endpoint: string, event: string) => logIn(table).delivery(organisation, endpoint, event),
    /** How many deliveries of an endpoint there are in each state. */
    async counts(endpoint: string, events: readonly string[]): Promise<Record<string, number>> {
      const counts: Record<string, number> = {};
      for (const event of events) {
        const { state = 'none' } = (await logIn(table).delivery(organisation, endpoint, event)) ?? {};
        counts[state] = (counts[state] ?? 0) + 1;
      }
      return counts;
    },
  };
}

const MASTER = randomBytes(48).toString('base64url');

/** Sends messages to their queues, and takes them out again as the worker's event source does. */
async function throughQueues(messages: readonly Waiting[]): Promise<{ id: string; body: string }[]> {
  const got: { id: string; body: string }[] = [];
  for (const lane of ['deliveries', 'retries', 'bulk'] as const) {
    const QueueUrl = queueUrl(QUEUES[lane]);
    const mine = messages.filter((each) => each.lane === lane).map(({ message: { body, group } }) => ({ body, group }));
    if ((await queueAt(QueueUrl)(mine)).length > 0) throw new Error('a queue did not take messages');
    const missing = mine.map(({ body }) => body);
    while (missing.length > 0) {
      const answer = await awsCall('sqs', 'ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 });
      for (const { MessageId: id, Body: body, ReceiptHandle } of Received.parse(answer).Messages) {
        await awsCall('sqs', 'DeleteMessage', { QueueUrl, ReceiptHandle });
        // A call that was made twice has sent it twice.
        if (!missing.includes(body)) continue;
        missing.splice(missing.indexOf(body), 1);
        got.push({ id, body });
      }
    }
  }
  return got;
}
