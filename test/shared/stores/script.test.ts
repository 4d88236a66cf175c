import { redisBehind } from '../../../lambdas/shared/stores/redis';
import { script } from '../../../lambdas/shared/stores/script';
import { captureOutput } from '../../support/output';
import { doorTo, REDIS_KINDS, type TestRedis } from '../../support/redis';

captureOutput();

const COUNT = script("return { redis.call('INCRBY', KEYS[1], ARGV[1]), KEYS[1], false }");

describe.each(REDIS_KINDS)('on %s', (_, start) => {
  let server: TestRedis;
  beforeAll(async () => {
    server = await start();
  }, 30_000);
  afterAll(() => server.stop());

  const calls = async (command: string) =>
    Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(await server.client.info('commandstats'))?.[1] ?? 0);

  test('a script is sent by its hash, and once as text to a server that does not know it', async () => {
    const door = doorTo(server.options);
    const redis = redisBehind(door);
    await redis.insist.call('PING');
    for (const sum of [2, 4, 6]) expect(await COUNT(redis, ['count'], [2])).toEqual([sum, 'count', null]);
    expect([await calls('eval'), await calls('evalsha')]).toEqual([1, 3]);
    await server.client.script('FLUSH');
    expect(await COUNT(redis, ['count'], [2])).toEqual([8, 'count', null]);
    expect([await calls('eval'), await calls('evalsha')]).toEqual([2, 4]);
    expect(redis.isAway).toBe(false);
    door.end();
  });

  test('what a script fails with is told, and is not sent once more', async () => {
    await server.client.set('text', 'a');
    const before = await calls('eval');
    await expect(COUNT(server.commands, ['text'], [1])).rejects.toThrow('not an integer');
    expect(await calls('eval')).toBe(before);
  });
});
