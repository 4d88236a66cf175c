import { setTimeout as pause } from 'node:timers/promises';
import { RedisAway } from '../../../lambdas/shared/stores/breaker';
import { quickRedis } from '../../../lambdas/shared/stores/quick-redis';
import { captureOutput } from '../../support/output';

captureOutput();

test('a Redis that does not answer costs its deadline twice and then nothing, and is used again when it does', async () => {
  let isThere = true;
  const sent: string[] = [];
  const redis = quickRedis({
    async call(command) {
      sent.push(command);
      return isThere ? 'OK' : new Promise(() => undefined);
    },
  });
  expect(await redis.call('GET', 'a')).toBe('OK');
  isThere = false;
  for (let late = 0; late < 2; late += 1) await expect(redis.call('GET', 'b')).rejects.toBeInstanceOf(RedisAway);
  const before = sent.length;
  for (let ask = 0; ask < 20; ask += 1) await expect(redis.call('GET', 'c')).rejects.toBeInstanceOf(RedisAway);
  expect(sent.length - before).toBeLessThanOrEqual(1);
  isThere = true;
  await pause(1_100);
  await expect(redis.call('GET', 'd')).rejects.toBeInstanceOf(RedisAway);
  await pause(10);
  expect(await redis.call('GET', 'e')).toBe('OK');
});
