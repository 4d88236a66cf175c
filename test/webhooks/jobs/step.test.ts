import { randomUUID } from 'node:crypto';
import { jobStep } from '../../../lambdas/webhooks/jobs/step';
import type { DeliveryRecord, DeliveryState } from '../../../lambdas/webhooks/records/delivery';
import type { EndpointRecord } from '../../../lambdas/webhooks/records/endpoint';
import { eventId, hashOf } from '../../../lambdas/webhooks/records/event';
import { type JobRecord, newJobId } from '../../../lambdas/webhooks/records/job';
import { type AttemptMessage, messageOf } from '../../../lambdas/webhooks/records/message';
import { endpointsIn } from '../../../lambdas/webhooks/stores/endpoints';
import { JOBS, jobsIn } from '../../../lambdas/webhooks/stores/jobs';
import { logIn, WAITS } from '../../../lambdas/webhooks/stores/log';
import type { Outgoing, SendAll } from '../../../lambdas/webhooks/stores/queue';
import { tableOf } from '../../../lambdas/webhooks/stores/table';
import { DUE_SHARDS, deadAt, duePlace, heldAt } from '../../../lambdas/webhooks/stores/waiting';
import type { TestAws } from '../../support/aws';
import { endpointRecord } from '../../support/webhook-records';
import { LOG_TABLE, SETTINGS_TABLE, startWebhookStores } from '../../support/webhooks';

let aws: TestAws;
beforeAll(async () => {
  aws = await startWebhookStores();
}, 30_000);
afterAll(() => aws.stop());

const START_MS = Date.parse('2030-01-01T00:00:00Z');
const HOUR_MS = 3_600_000;
const PLACES = { dead: deadAt, held: heldAt };

/** One tenant with one endpoint, a clock of its own, and a queue that keeps what it is sent. */
async function world(state: EndpointRecord['state'] = 'enabled') {
  const organisation = randomUUID();
  const table = tableOf(LOG_TABLE);
  const log = logIn(table);
  const jobs = jobsIn(table);
  const endpoints = endpointsIn(tableOf(SETTINGS_TABLE));
  const endpoint = endpointRecord({ organisation, state });
  await endpoints.put(endpoint);
  const sent: Outgoing[] = [];
  const clock = { ms: START_MS };
  const retries: SendAll = async (messages) => {
    sent.push(...messages);
    return [];
  };
  const lanes = { deliveries: retries, bulk: retries, retries };
  const deps = { jobs, endpoints, log, table, lanes, nowMs: () => clock.ms };
  return {
    organisation,
    endpoint,
    deps,
    clock,
    sent,
    messages: (): AttemptMessage[] => sent.map(({ body }) => messageOf(body)),
    async delivery(was: DeliveryState, atMs = START_MS - HOUR_MS, more: Partial<DeliveryRecord> = {}) {
      const event = eventId(atMs, hashOf(organisation, undefined));
      const delivery: DeliveryRecord = {
        organisation,
        endpoint: endpoint.id,
        event,
        type: 'invoice.paid',
        state: was,
        attempts: 10,
        tries: 10,
        expiresAtSeconds: START_MS / 1000 + 86_400,
        ...more,
      };
      const place = was === 'dead' || was === 'held' ? PLACES[was] : undefined;
      await log.putDelivery(delivery, place?.(organisation, endpoint.id, event));
      return event;
    },
    async job(more: Partial<JobRecord> = {}) {
      const job: JobRecord = {
        id: newJobId(organisation, clock.ms),
        organisation,
        endpoint: endpoint.id,
        what: 'redrive',
        ratePerSecond: 1000,
        state: 'queued',
        found: 0,
        sent: 0,
        skipped: 0,
        failed: 0,
        slotMs: clock.ms,
        dueMs: clock.ms,
        createdAtMs: clock.ms,
        version: 0,
        expiresAtSeconds: START_MS / 1000 + 86_400,
        ...more,
      };
      await jobs.put(job);
      return job.id;
    },
    step: (id: string, replaced: Partial<typeof deps> = {}, seconds = 30) =>
      jobStep({ ...deps, ...replaced }, clock.ms + seconds * 1000)({ pk: `${JOBS}${organisation}`, sk: id, at: '' }),
    read: (id: string) => jobs.get(organisation, id),
    async due() {
      const pages = await Promise.all(
        Array.from({ length: DUE_SHARDS }, (_, shard) =>
          table.query({
            index: WAITS,
            key: { text: '#waits = :due', names: ['waits'], values: { due: duePlace(shard) } },
          }),
        ),
      );
      return pages.flatMap(({ items }) => items).filter(({ pk }) => String(pk).includes(organisation));
    },
  };
}

const inTurn = async (count: number, make: (at: number) => Promise<string>) => {
  const made: string[] = [];
  for (let at = 0; at < count; at += 1) made.push(await make(at));
  return made;
};

const attemptAt = (startedAtMs: number) => ({
  last: { number: 10, trigger: 'replay' as const, startedAtMs, times: { totalMs: 1 }, keys: [], bodyBytes: 0 },
});
const dies: SendAll = () => Promise.reject(new Error('dead'));

describe('a job', () => {
  test.each([
    ['redrive', 'dead', 'replay'],
    ['recover', 'held', 'recovery'],
    ['replay', 'delivered', 'replay'],
  ] as const)('to %s sends what is %s, and nothing else', async (what, state, trigger) => {
    const it = await world();
    const events: Record<string, string> = {};
    for (const each of ['dead', 'held', 'delivered', 'parked', 'retrying', 'cancelled'] as const)
      events[each] = await it.delivery(each);
    const id = await it.job({ what, toMs: START_MS });
    await it.step(id);
    expect(it.messages()).toMatchObject([{ event: events[state], number: 11, trigger }]);
    const found = await it.deps.log.delivery(it.organisation, it.endpoint.id, events[state] ?? '');
    expect(found).toMatchObject({ state: 'retrying', tries: 0, attempts: 10 });
    expect(await it.read(id)).toMatchObject({ state: 'done', found: 1, sent: 1, skipped: 0, endedAtMs: START_MS });
    // The delivery alone: nobody looks after a job that is done.
    expect((await it.due()).map(({ sk }) => sk)).toEqual([events[state]]);
  });

  test('is about the types and the time that it names', async () => {
    const it = await world();
    const wanted = await inTurn(3, (at) => it.delivery('dead', START_MS - HOUR_MS + at));
    await it.delivery('dead', START_MS - HOUR_MS - 1);
    await it.delivery('dead', START_MS - HOUR_MS + 3);
    await it.delivery('dead', START_MS - HOUR_MS, { type: 'order.made' });
    await it.step(await it.job({ fromMs: START_MS - HOUR_MS, toMs: START_MS - HOUR_MS + 3, types: ['invoice.*'] }));
    expect(it.messages().map(({ event }) => event)).toEqual(wanted);
  });

  test('keeps to its rate, and hands out slots no more than two minutes ahead', async () => {
    const it = await world();
    await inTurn(250, (at) => it.delivery('dead', START_MS - HOUR_MS + at));
    const id = await it.job({ ratePerSecond: 1, toMs: START_MS });
    await it.step(id);
    expect(it.sent.map(({ delaySeconds }) => delaySeconds)).toEqual(Array.from({ length: 120 }, (_, at) => at));
    expect(await it.read(id)).toMatchObject({ state: 'running', sent: 120, dueMs: START_MS + 45_000 });
    await it.step(id);
    expect(it.sent.length).toBe(120);
    it.clock.ms += 60_000;
    await it.step(id);
    expect(it.sent.slice(120).map(({ delaySeconds }) => delaySeconds)).toEqual(
      Array.from({ length: 60 }, (_, at) => at + 60),
    );
    it.clock.ms += 60_000;
    await it.step(id);
    it.clock.ms += 60_000;
    await it.step(id);
    expect(await it.read(id)).toMatchObject({ state: 'done', found: 250, sent: 250, skipped: 0 });
    expect(new Set(it.messages().map(({ event }) => event)).size).toBe(250);
  }, 30_000);

  test('ends its step in time, and goes on where it was', async () => {
    const it = await world();
    await inTurn(210, (at) => it.delivery('delivered', START_MS - HOUR_MS + at));
    const id = await it.job({ what: 'replay', toMs: START_MS });
    const slow: SendAll = async (messages) => {
      it.clock.ms += 20_000;
      return it.deps.lanes.retries(messages);
    };
    await it.step(id, { lanes: { ...it.deps.lanes, retries: slow } });
    expect(await it.read(id)).toMatchObject({ state: 'running', sent: 200 });
    await it.step(id);
    expect(await it.read(id)).toMatchObject({ state: 'done', sent: 210 });
    expect(new Set(it.messages().map(({ event }) => event)).size).toBe(210);
  }, 30_000);

  test('whose step dies loses nothing: the sweep finds what was written, and the next step the rest', async () => {
    const it = await world();
    const events = await inTurn(120, (at) => it.delivery('dead', START_MS - HOUR_MS + at));
    const id = await it.job({ toMs: START_MS });
    await expect(it.step(id, { lanes: { ...it.deps.lanes, retries: dies } })).rejects.toThrow('dead');
    const due = await it.due();
    expect(
      due
        .map(({ sk }) => String(sk))
        .filter((sk) => sk !== id)
        .toSorted(),
    ).toEqual(events.slice(0, 100));
    await it.step(id);
    expect(it.sent).toEqual([]);
    it.clock.ms += 60_000;
    await it.step(id);
    expect(it.messages().map(({ event }) => event)).toEqual(events.slice(100));
    expect(await it.read(id)).toMatchObject({ state: 'done', found: 20, sent: 20 });
  }, 30_000);

  test('leaves alone what has been attempted since it was made, so that a page done twice sends nothing twice', async () => {
    const it = await world();
    await it.delivery('delivered', START_MS - HOUR_MS, attemptAt(START_MS + 5));
    const wanted = await it.delivery('delivered', START_MS - HOUR_MS, attemptAt(START_MS - 5));
    it.clock.ms += 10;
    const id = await it.job({ what: 'replay', createdAtMs: START_MS });
    await it.step(id);
    expect(it.messages().map(({ event }) => event)).toEqual([wanted]);
    expect(await it.read(id)).toMatchObject({ found: 2, sent: 1, skipped: 1 });
  });

  test('says of how many deliveries the event is not kept any more', async () => {
    const it = await world();
    await it.delivery('dead', START_MS - HOUR_MS, { expiresAtSeconds: START_MS / 1000 - 1 });
    const id = await it.job();
    await it.step(id);
    expect(it.sent).toEqual([]);
    expect(await it.read(id)).toMatchObject({ state: 'done', found: 1, failed: 1 });
  });

  test('waits for an endpoint that is not enabled', async () => {
    const it = await world('paused');
    await it.delivery('dead');
    const id = await it.job();
    await it.step(id);
    expect(await it.read(id)).toMatchObject({ state: 'queued', why: 'its endpoint is paused' });
    await it.deps.endpoints.put({ ...it.endpoint, state: 'enabled', version: 2 });
    it.clock.ms += 300_000;
    await it.step(id);
    expect(await it.read(id)).toMatchObject({ state: 'done', sent: 1 });
    expect((await it.read(id))?.why).toBeUndefined();
  });

  test('ends with its endpoint', async () => {
    const it = await world();
    const id = await it.job();
    await it.deps.endpoints.remove(it.organisation, it.endpoint.id, 1);
    await it.step(id);
    expect(await it.read(id)).toMatchObject({ state: 'cancelled', why: 'its endpoint was deleted' });
  });

  test('that is cancelled while it is worked on sends no further page', async () => {
    const it = await world();
    await inTurn(150, (at) => it.delivery('dead', START_MS - HOUR_MS + at));
    const id = await it.job({ toMs: START_MS });
    const cancels: SendAll = async (messages) => {
      const job = await it.read(id);
      if (job) await it.deps.jobs.put({ ...job, state: 'cancelled' });
      return it.deps.lanes.retries(messages);
    };
    await it.step(id, { lanes: { ...it.deps.lanes, retries: cancels } });
    expect(it.sent.length).toBe(100);
    expect(await it.read(id)).toMatchObject({ state: 'cancelled' });
    await it.step(id);
    expect(it.sent.length).toBe(100);
  }, 30_000);

  test('that two sweeps find at once is worked on by one', async () => {
    const it = await world();
    await inTurn(30, () => it.delivery('dead'));
    const id = await it.job({ toMs: START_MS });
    await Promise.all([it.step(id), it.step(id), it.step(id)]);
    expect(it.sent.length).toBe(30);
    expect(await it.read(id)).toMatchObject({ state: 'done', found: 30, sent: 30 });
  });
});
