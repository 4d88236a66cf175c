import * as z from 'zod/mini';
import { deleteRecord, putDurable, putRecord, readRecord } from '../../../lambdas/shared/stores/records';
import { KEYS_TABLE, startAws, type TestAws } from '../../support/aws';
import { captureOutput } from '../../support/output';
import { downRedis, startRedis, type TestRedis } from '../../support/redis';

captureOutput();

const Thing = z.object({ colour: z.string() });
const COPY = 'gatehouse:records:thing';

let aws: TestAws;
let redis: TestRedis;
beforeAll(async () => {
  [aws, redis] = await Promise.all([startAws(), startRedis()]);
}, 30_000);
afterAll(() => Promise.all([aws.stop(), redis.stop()]));
beforeEach(() => redis.client.flushall());

const records = () => ({ redis: redis.client, table: KEYS_TABLE });
const nowhere = () => ({ redis: redis.client, table: 'no-such-table' });

test('a record is read from Redis without asking DynamoDB', async () => {
  await putRecord(records(), 'thing', { colour: 'red' });
  expect(await readRecord(nowhere(), 'thing', Thing)).toEqual({ colour: 'red' });
});

test('a record that Redis has lost is read from DynamoDB, and from Redis after that', async () => {
  await putDurable(KEYS_TABLE, 'thing', { colour: 'green' });
  expect(await readRecord(records(), 'thing', Thing)).toEqual({ colour: 'green' });
  expect(await readRecord(nowhere(), 'thing', Thing)).toEqual({ colour: 'green' });
});

test('a copy in Redis lives five minutes at most', async () => {
  await putRecord(records(), 'thing', { colour: 'red' });
  const written = await redis.client.ttl(COPY);
  await redis.client.flushall();
  await readRecord(records(), 'thing', Thing);
  for (const seconds of [written, await redis.client.ttl(COPY)]) {
    expect(seconds).toBeGreaterThan(290);
    expect(seconds).toBeLessThanOrEqual(300);
  }
});

test('a copy of an older record never takes the place of a newer one', async () => {
  await putDurable(KEYS_TABLE, 'thing', { colour: 'old' });
  const reading = readRecord(records(), 'thing', Thing);
  // On one connection this comes after the reader has found no copy, and before it writes one.
  await redis.client.set(COPY, '{"colour":"new"}');
  await reading;
  expect(await redis.client.get(COPY)).toBe('{"colour":"new"}');
});

test.each([
  ['has another shape', '{"color":"red"}'],
  ['is not JSON', 'red'],
])('a copy that %s is passed over for the durable one', async (_, copy) => {
  await putDurable(KEYS_TABLE, 'thing', { colour: 'blue' });
  await redis.client.set(COPY, copy);
  expect(await readRecord(records(), 'thing', Thing)).toEqual({ colour: 'blue' });
});

test('an id that nobody has written has no record', async () => {
  expect(await readRecord(records(), 'nothing', Thing)).toBeUndefined();
});

test('a record that was deleted is read from neither, and may be deleted again', async () => {
  await putRecord(records(), 'thing', { colour: 'red' });
  await deleteRecord(records(), 'thing');
  expect(await readRecord(records(), 'thing', Thing)).toBeUndefined();
  await deleteRecord(records(), 'thing');
});

test('with Redis down a record is read from DynamoDB', async () => {
  await putDurable(KEYS_TABLE, 'thing', { colour: 'white' });
  expect(await readRecord({ redis: downRedis(), table: KEYS_TABLE }, 'thing', Thing)).toEqual({ colour: 'white' });
});

test('with Redis down a writer is told, and the durable record is written', async () => {
  await expect(putRecord({ redis: downRedis(), table: KEYS_TABLE }, 'thing', { colour: 'black' })).rejects.toThrow();
  expect(await readRecord(records(), 'thing', Thing)).toEqual({ colour: 'black' });
});

test('with both down reading rejects, which is not the answer that there is none', async () => {
  await expect(readRecord({ redis: downRedis(), table: 'no-such-table' }, 'thing', Thing)).rejects.toThrow();
});
