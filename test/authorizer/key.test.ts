import { authorizer } from '../../lambdas/authorizer/answer';
import { keyIdentity } from '../../lambdas/authorizer/key';
import { keyRecords } from '../../lambdas/authorizer/stores';
import { identityOf } from '../../lambdas/shared/access/principal';
import { ApiKeyRecord, hashKey, newApiKey, recordId } from '../../lambdas/shared/credentials/api-key';
import { putRecord, readRecord } from '../../lambdas/shared/stores/records';
import { authorizerEvent, STAGE_ARN } from '../support/authorizer-event';
import { KEYS_TABLE, startAws, type TestAws } from '../support/aws';
import { event, ORGANISATION } from '../support/event';
import { captureOutput } from '../support/output';
import { startRedis, type TestRedis } from '../support/redis';

const output = captureOutput();
const PEPPER = 'pepper';
const ADDRESS = '192.0.2.1';
const { id, key } = newApiKey('test');
const record: ApiKeyRecord = { hash: hashKey(key, PEPPER), organisation: ORGANISATION };

let aws: TestAws;
let redis: TestRedis;
let records: Parameters<typeof readRecord>[0];
beforeAll(async () => {
  [aws, redis] = await Promise.all([startAws(), startRedis()]);
  records = { redis: redis.client, table: KEYS_TABLE };
  await putRecord(records, recordId(id), record);
}, 30_000);
afterAll(() => Promise.all([aws.stop(), redis.stop()]));

/** The authorizer over the real stores; it counts how often they are asked. */
function started(table = KEYS_TABLE, pepper = PEPPER) {
  const asked: string[] = [];
  const handler = authorizer(
    keyIdentity({
      async record(keyId) {
        asked.push(keyId);
        return readRecord({ ...records, table }, recordId(keyId), ApiKeyRecord);
      },
      pepper: async () => pepper,
    }),
  );
  return { asked, ask: (presented: string) => handler(authorizerEvent({ 'X-Api-Key': presented })) };
}

test('a key is allowed for the whole stage, and the function reads back whose it is', async () => {
  const { principalId, policyDocument, context } = await started().ask(key);
  expect(policyDocument.Statement).toEqual([
    { Effect: 'Allow', Action: 'execute-api:Invoke', Resource: `${STAGE_ARN}/*` },
  ]);
  const { requestContext } = event({ resource: '/v1/members' });
  expect(identityOf({ ...requestContext, authorizer: { principalId, ...context } })).toEqual({
    kind: 'api_key',
    id,
    organisation: ORGANISATION,
  });
});

test('a key that Redis has lost is found where it lasts', async () => {
  await redis.client.flushall();
  await expect(started().ask(key)).resolves.toMatchObject({ principalId: id });
});

test.each([
  ['no key', ''],
  ['words', 'hunter2'],
  ['a key with a typo', key.replace(/.$/, (last) => (last === '0' ? '1' : '0'))],
  ['a key of another stage by a changed letter', key.replace('test', 'prod')],
])('%s is refused before any store is asked', async (_, presented) => {
  const { asked, ask } = started();
  await expect(ask(presented)).rejects.toThrow(/^Unauthorized$/);
  expect(asked).toEqual([]);
  expect(output.text()).toMatch(/not a key|no credential/);
});

/** Another secret under the same id, its checksum right: what only the hash can tell. */
const sameId = newApiKey('test', (bytes) => (bytes === 8 ? Buffer.from(id, 'hex') : Buffer.alloc(bytes, 1))).key;

test.each([
  ['a key that nobody has made', () => started().ask(newApiKey('test').key)],
  ['another secret under the id of a key', () => started().ask(sameId)],
  ['a key under another pepper', () => started(KEYS_TABLE, 'salt').ask(key)],
])('%s is refused, and the log holds no key', async (_, ask) => {
  await expect(ask()).rejects.toThrow(/^Unauthorized$/);
  expect(output.lines().map((line): unknown => JSON.parse(line))).toMatchObject([{ reason: 'unknown key' }]);
  expect(output.text()).not.toMatch(/ghk_|[0-9a-f]{64}/);
});

test('a key is looked for once in a minute, and the pepper once', async () => {
  aws.setSecret('pepper', PEPPER);
  let nowMs = 0;
  const calls: string[] = [];
  const counting = {
    call: async (...words: [string, ...(string | number)[]]) => (calls.push(words[0]), redis.client.call(...words)),
  };
  const { record: find, pepper } = keyRecords({ redis: counting, table: KEYS_TABLE }, 'pepper', () => nowMs);
  for (nowMs = 0; nowMs < 60_000; nowMs += 20_000) expect(await find(id, ADDRESS)).toEqual(record);
  expect(calls).toEqual(['GET']);
  expect(await find(id, ADDRESS)).toEqual(record);
  expect(calls).toEqual(['GET', 'GET']);
  expect(await pepper()).toBe(PEPPER);
  aws.setSecret('pepper', 'another');
  expect(await pepper()).toBe(PEPPER);
});

test('keys that nobody has are looked up a few times for each network, and those that are known go on from there', async () => {
  let nowMs = 1_000_000;
  let lookups = 0;
  const counting = {
    call: async (...words: [string, ...(string | number)[]]) => ((lookups += 1), redis.client.call(...words)),
  };
  const { record: find } = keyRecords({ redis: counting, table: KEYS_TABLE }, 'pepper', () => nowMs);
  expect(await find(id, ADDRESS)).toEqual(record);
  const before = lookups;
  for (let guess = 0; guess < 500; guess += 1)
    expect(await find(`guess${guess}`, guess % 2 === 0 ? ADDRESS : '2001:db8::7')).toBeUndefined();
  expect(lookups - before).toBe(40);
  expect(await find(id, ADDRESS)).toEqual(record);
  nowMs += 5_000;
  for (let guess = 0; guess < 50; guess += 1) await find(`again${guess}`, ADDRESS);
  expect(lookups - before).toBe(45);
  // Another network has a budget of its own.
  await find('guess', '2001:db8:0:1::7');
  expect(lookups - before).toBe(46);
});

test('a pepper that could not be read is read again by the next key', async () => {
  const { pepper } = keyRecords(records, 'no-such-secret', Date.now);
  await expect(pepper()).rejects.toThrow('ResourceNotFoundException');
  aws.setSecret('no-such-secret', PEPPER);
  expect(await pepper()).toBe(PEPPER);
});

test('a store that is down makes a fault and no Unauthorized', async () => {
  await redis.client.flushall();
  await expect(started('no-such-table').ask(key)).rejects.not.toThrow('Unauthorized');
});
