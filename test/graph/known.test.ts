import { createHash } from 'node:crypto';
import type { Operation } from '../../lambdas/graph/execute/operation';
import { knownOperations } from '../../lambdas/graph/known';
import { captureOutput } from '../support/output';
import { downRedis, startRedis, type TestRedis } from '../support/redis';

captureOutput();
let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
beforeEach(() => redis.client.flushall());

const TYPENAME: Operation = {
  kind: 'query',
  cost: 1,
  shapes: [{ types: {}, untyped: [{ key: '__typename', typename: 'Query' }] }],
  variables: [],
  defaults: {},
  inputs: {},
  enums: {},
  conditions: {},
};
const asked = { query: '{ __typename }', operationName: undefined };
const at = (version: string) => knownOperations(version, redis.commands);
const answer = async (found: Awaited<ReturnType<ReturnType<typeof at>['find']>>) =>
  found?.run(async () => ({ data: null }), {});

test('what one environment has learned, every other one of the same version of the graph knows', async () => {
  await at('1').keep(asked, TYPENAME);
  expect(await answer(await at('1').find(asked))).toBe('{"data":{"__typename":"Query"}}');
  expect(await at('2').find(asked)).toBeUndefined();
  expect(await at('1').find({ ...asked, operationName: 'Other' })).toBeUndefined();
});

test('it is forgotten a day after it was kept', async () => {
  await at('1').keep(asked, TYPENAME);
  const [key = ''] = await redis.client.keys('graph:*');
  expect(await redis.client.ttl(key)).toBeGreaterThan(86_000);
});

test.each(['nonsense', '{}', '{"kind":"subscription","shapes":[]}', 'null'])(
  '%s in its place is no operation',
  async (text) => {
    await at('1').keep(asked, TYPENAME);
    const [key = ''] = await redis.client.keys('graph:*');
    await redis.client.set(key, text);
    expect(await at('1').find(asked)).toBeUndefined();
  },
);

test('without Redis an environment knows what it has learned itself', async () => {
  const known = knownOperations('1', downRedis());
  expect(await known.find(asked)).toBeUndefined();
  await known.keep(asked, TYPENAME);
  expect(await answer(await known.find(asked))).toBe('{"data":{"__typename":"Query"}}');
});

test('a document is found by its hash, and never one that has another', async () => {
  const hash = createHash('sha256').update(asked.query).digest('hex');
  expect(await at('1').document(hash)).toBeUndefined();
  await at('1').keepDocument(hash, asked.query);
  expect(await at('2').document(hash)).toBe(asked.query);
  await redis.client.set(`graph:document:${hash}`, '{ secrets }');
  expect(await at('3').document(hash)).toBeUndefined();
});
