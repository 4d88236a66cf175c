import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import * as z from 'zod/mini';
import { puttingTogether } from '../../../lambdas/webhooks/stores/put-together';
import { tableOf } from '../../../lambdas/webhooks/stores/table';
import type { TestAws } from '../../support/aws';
import { LOG_TABLE, startWebhookStores } from '../../support/webhooks';

let aws: TestAws;
let endpoint: string | undefined;
beforeAll(async () => {
  aws = await startWebhookStores();
  endpoint = process.env.AWS_ENDPOINT_URL;
});
afterEach(() => {
  process.env.AWS_ENDPOINT_URL = endpoint;
});
afterAll(() => aws.stop());

const table = puttingTogether(LOG_TABLE, tableOf(LOG_TABLE));
const key = (number: number) => ({ pk: 'together', sk: String(number) });

test('all that are written at the same time are there when each says so', async () => {
  const numbers = Array.from({ length: 60 }, (_, number) => number);
  const found = await Promise.all(
    numbers.map(async (number) => {
      await table.put(key(number), { number, nothing: undefined });
      return table.get(key(number), { consistent: true });
    }),
  );
  expect(found).toEqual(numbers.map((number) => ({ ...key(number), number })));
});

test('of two writes of one item at the same time, either stands there', async () => {
  expect(await Promise.all([1, 2].map((number) => table.put(key(100), { number })))).toEqual([true, true]);
  expect([1, 2]).toContain((await table.get(key(100), { consistent: true }))?.number);
});

test('a write with a condition is held to it', async () => {
  await table.put(key(200), { number: 1 });
  expect(await table.put(key(200), { number: 2 }, { text: 'attribute_not_exists(pk)' })).toBe(false);
});

const Request = z.object({
  RequestItems: z.record(z.string(), z.array(z.object({ PutRequest: z.object({ Item: z.looseObject({}) }) }))),
});
type Requests = z.output<typeof Request>['RequestItems'][string];

/** A DynamoDB that leaves items unwritten as a test says; what it was asked, request by request. */
async function busyTable(leave: (requests: Requests, round: number) => Requests) {
  const asked: number[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const requests = Request.parse(JSON.parse(await text(request))).RequestItems[LOG_TABLE] ?? [];
    asked.push(requests.length);
    response.end(JSON.stringify({ UnprocessedItems: { [LOG_TABLE]: leave(requests, asked.length) } }));
  };
  const server = createServer((request, response) => {
    void answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.env.AWS_ENDPOINT_URL = `http://127.0.0.1:${Object(server.address()).port}`;
  return { asked, stop: () => server.close() };
}

test('what the table did not take is written again, and alone', async () => {
  const { asked, stop } = await busyTable((requests, round) => (round === 1 ? requests.slice(7) : []));
  await Promise.all(Array.from({ length: 10 }, (_, number) => table.put(key(number), { number })));
  expect(asked).toEqual([10, 3]);
  stop();
});

test('what the table does not take is an error of its own: the others are written', async () => {
  const { stop } = await busyTable((requests) =>
    requests.filter(({ PutRequest }) => JSON.stringify(PutRequest).includes('"3"')),
  );
  const ended = await Promise.allSettled([1, 2, 3].map((number) => table.put(key(number), {})));
  expect(ended.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
  stop();
}, 20_000);
