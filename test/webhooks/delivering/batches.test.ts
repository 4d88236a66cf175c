import * as z from 'zod/mini';
import type { PostRequest } from '../../../lambdas/webhooks/post/poster';
import { messageOf } from '../../../lambdas/webhooks/records/message';
import type { TestAws } from '../../support/aws';
import { captureOutput } from '../../support/output';
import { NOW_MS, webhookWorker } from '../../support/webhook-worker';
import { startWebhookStores } from '../../support/webhooks';

captureOutput();
let aws: TestAws;
beforeAll(async () => {
  aws = await startWebhookStores();
}, 30_000);
afterAll(() => aws.stop());

const Batch = z.object({ type: z.string(), timestamp: z.string(), events: z.array(z.object({ id: z.string() })) });
const batchIn = ({ body }: PostRequest) => Batch.parse(JSON.parse(String(body)));

const idOf = (request: PostRequest | undefined) => request?.headers['webhook-id'] ?? '';

describe('an endpoint that takes batches', () => {
  test('gets all events of a run in one signed request, and each has its attempt in the log', async () => {
    const it = webhookWorker();
    const all = it.messages(20);
    expect(await it.run(all)).toEqual([]);
    expect(it.posts.length).toBe(1);
    const [post] = it.posts;
    expect(post && batchIn(post)).toMatchObject({
      type: 'gatehouse.batch',
      timestamp: '2030-01-01T00:00:00.000Z',
      events: all.map(({ event }) => ({ id: event })).toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    });
    expect(idOf(post)).toMatch(/^batch_[0-9a-z]{26}$/);
    expect(post?.headers['webhook-signature']).toMatch(/^v1,/);
    for (const each of all)
      expect(await it.stateOf(each)).toMatchObject({ state: 'delivered', attempts: 1, last: { status: 200 } });
    expect(it.counts()).toEqual({ asked: 1, noted: 1 });
  });

  test('gets no more than it wants at once, and no more than 256 kB', async () => {
    const few = webhookWorker({ batch: { most: 8 } });
    await few.run(few.messages(20));
    expect(few.posts.map((post) => batchIn(post).events.length)).toEqual([8, 8, 4]);
    const large = webhookWorker();
    await large.run(large.messages(10, 50_000));
    expect(large.posts.map((post) => batchIn(post).events.length)).toEqual([5, 5]);
    for (const { body } of large.posts) expect(Buffer.byteLength(body)).toBeLessThanOrEqual(256 * 1024);
  });

  test('gets a single event as it is', async () => {
    const it = webhookWorker();
    const [message] = it.messages(1);
    await it.run(message ? [message] : []);
    expect(it.posts[0]?.body).toBe(message?.body);
    expect(idOf(it.posts[0])).toBe(message?.event);
  });

  test('that fails gets each event again by itself, by the lane of what comes again', async () => {
    const it = webhookWorker({ status: 500 });
    const all = it.messages(5);
    await it.run(all);
    expect(it.sent.retries.length).toBe(5);
    const retries = it.sent.retries.map(({ body }) => messageOf(body));
    expect(retries).toMatchObject(all.map(() => ({ number: 2, trigger: 'retry' })));
    expect(await it.stateOf(it.message(1, { event: all[0]?.event ?? '' }))).toMatchObject({
      state: 'retrying',
      attempts: 1,
    });
    await it.run(retries.map((each) => ({ ...each, body: it.message().body })));
    expect(it.posts.length).toBe(1 + 5);
    expect(it.posts.slice(1).map(idOf).toSorted()).toEqual(all.map(({ event }) => event).toSorted());
  });

  test('gets the same batch by the same id, and one that was written down not again', async () => {
    const it = webhookWorker();
    const all = it.messages(3);
    await it.run(all);
    const again = webhookWorker();
    await again.run(all.toReversed().map((each) => ({ ...each, again: false })));
    expect(idOf(again.posts[0])).not.toBe('');
    expect(idOf(again.posts[0])).toBe(idOf(it.posts[0]));
    await it.deliver(it.queued(all, 2));
    expect(it.posts.length).toBe(1);
  });

  test('has only those events sent again that a fault of ours has kept from the log', async () => {
    let fails = true;
    const it = webhookWorker({
      log: (log) => ({
        ...log,
        putDelivery: (delivery, ...rest) =>
          fails && delivery.event === lost ? Promise.reject(new Error('away')) : log.putDelivery(delivery, ...rest),
      }),
    });
    const all = it.messages(4);
    const lost = all[2]?.event ?? '';
    const queued = it.queued(all);
    expect((await it.deliver(queued)).toSorted()).toEqual(queued.map(({ id }) => id).toSorted());
    fails = false;
    expect(await it.deliver(queued.map((each) => ({ ...each, receives: 2 })))).toEqual([]);
    expect(it.posts.length).toBe(2);
    expect(idOf(it.posts[1])).toBe(lost);
  });

  test.each(['parked', 'held'] as const)('that takes nothing has its events %s', async (state) => {
    const it = webhookWorker(state === 'held' ? { state: 'paused' } : { passage: { go: 'parked' } });
    const all = it.messages(3);
    await it.run(all);
    expect(it.posts).toEqual([]);
    for (const each of all) expect(await it.stateOf(each)).toMatchObject({ state, attempts: 0 });
  });

  test('whose slot is later gets them together again', async () => {
    const it = webhookWorker({ passage: { go: 'later', atMs: NOW_MS + 5_000, slotMs: NOW_MS + 5_500 } });
    await it.run(it.messages(3));
    expect(it.sent.bulk.map(({ body, delaySeconds }) => [messageOf(body).slotMs, delaySeconds])).toEqual(
      [1, 2, 3].map(() => [NOW_MS + 5_500, 5]),
    );
  });

  test('gets a test by itself', async () => {
    const it = webhookWorker();
    await it.run([...it.messages(2), it.message(1, { trigger: 'test' })]);
    expect(it.posts.length).toBe(2);
  });
});

test('an endpoint that takes none gets each event by itself', async () => {
  const it = webhookWorker({ batch: undefined });
  const all = it.messages(10);
  await it.run(all);
  expect(it.posts.map(idOf).toSorted()).toEqual(all.map(({ event }) => event).toSorted());
});

test('a message that is none of ours comes again, and keeps no other from its end', async () => {
  const it = webhookWorker();
  const strange = { id: 'strange', body: '{}', receives: 1 };
  expect(await it.deliver([strange, ...it.queued(it.messages(2))])).toEqual(['strange']);
  expect(it.posts.length).toBe(1);
});
