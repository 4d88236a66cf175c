import { setTimeout as pause } from 'node:timers/promises';
import { RedisAway } from '../../../lambdas/shared/stores/breaker';
import { redisBehind } from '../../../lambdas/shared/stores/redis';
import { captureOutput } from '../../support/output';
import { type Proxy, startProxy } from '../../support/proxy';
import { doorTo, startRedis, type TestRedis } from '../../support/redis';

const output = captureOutput();

let server: TestRedis;
let proxy: Proxy;
beforeAll(async () => {
  server = await startRedis();
  proxy = await startProxy(server.options.port);
}, 30_000);
afterAll(async () => {
  await proxy.stop();
  await server.stop();
});
beforeEach(() => server.client.flushall());
afterEach(() => proxy.mend());

/** As a function has it, by a line that can be spoilt. */
function started() {
  const door = doorTo({ ...server.options, port: proxy.port });
  return { ...door, redis: redisBehind(door) };
}

test('a Redis that does not answer costs its deadline twice and then nothing, and is used again when it does', async () => {
  const { redis, end } = started();
  expect(await redis.call('SET', 'a', '1')).toBe('OK');
  proxy.stall();
  const began = performance.now();
  for (let ask = 0; ask < 100; ask += 1) await expect(redis.call('GET', 'a')).rejects.toBeInstanceOf(RedisAway);
  expect(performance.now() - began).toBeLessThan(2_500);
  expect(redis.isAway).toBe(true);
  await proxy.mend();
  const mended = performance.now();
  while ((await redis.call('GET', 'a').catch(() => undefined)) !== '1') {
    expect(performance.now() - mended).toBeLessThan(5_000);
    await pause(20);
  }
  expect(redis.isAway).toBe(false);
  expect(output.text()).toMatch(/Redis is away.*Redis is back/s);
  end();
});

test('what could not be sent in time is never sent: nothing is counted after its caller has left', async () => {
  const { redis, end, sockets } = started();
  expect(await redis.call('INCR', 'count')).toBe(1);
  await proxy.cut();
  await expect(redis.call('INCR', 'count')).rejects.toBeInstanceOf(RedisAway);
  await expect(redis.insist.call('INCR', 'count')).rejects.toBeInstanceOf(RedisAway);
  await proxy.mend();
  expect(await redis.insist.call('PING')).toBe('PONG');
  expect(await server.client.get('count')).toBe('1');
  expect(sockets.length).toBeGreaterThan(1);
  end();
});

test('the first command waits for a connection that takes longer than the deadline to be made', async () => {
  const door = doorTo(server.options);
  const redis = redisBehind({ ...door, login: () => pause(100).then(() => door.login()) });
  expect(await redis.call('PING')).toBe('PONG');
  door.end();
});

test('a connection that takes longer than anybody waits is made for the next one, who finds nothing done', async () => {
  const door = doorTo(server.options);
  const redis = redisBehind({ ...door, login: () => pause(400).then(() => door.login()) });
  await expect(redis.call('INCR', 'count')).rejects.toBeInstanceOf(RedisAway);
  await pause(300);
  expect(await redis.call('GET', 'count')).toBeNull();
  door.end();
});

test('who insists asks a Redis that is known to be away, and by an answer in time it is back', async () => {
  const { redis, end } = started();
  await redis.call('PING');
  await proxy.cut();
  await redis.call('PING').catch(() => undefined);
  expect(redis.isAway).toBe(true);
  await proxy.mend();
  expect(await redis.insist.call('PING')).toBe('PONG');
  expect(await redis.insist.call('PING')).toBe('PONG');
  expect(redis.isAway).toBe(false);
  expect(await redis.call('PING')).toBe('PONG');
  end();
});

test('an error of Redis is a failure: the caller does without', async () => {
  const { redis, end } = started();
  await redis.call('SET', 'text', 'a');
  await expect(redis.call('INCR', 'text')).rejects.toBeInstanceOf(RedisAway);
  end();
});
