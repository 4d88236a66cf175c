import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as z from 'zod/mini';
import type { LimitSettings } from '../../../lambdas/shared/limits/plans';
import { NO_LIMIT, NO_ORGANISATION_LIMIT, withPro } from '../../support/limited';
import { REDIS_KINDS, type TestRedis } from '../../support/redis';
import { temporaryFolder } from '../../support/temporary-folder';

const root = join(__dirname, '../../..');
const folder = temporaryFolder('gatehouse-exactness-');
const worker = join(folder, 'worker.js');
beforeAll(() => {
  const options = ['--bundle', '--platform=node', '--external:pg-native', '--log-level=warning', `--outfile=${worker}`];
  execFileSync(join(root, 'node_modules/.bin/esbuild'), [join(root, 'test/support/admit-worker.ts'), ...options]);
}, 30_000);
afterAll(() => rmSync(folder, { recursive: true }));

const Admitted = z.record(z.string(), z.int());

async function startWorker(settings: string) {
  const child = spawn(process.execPath, [worker, settings], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const left = once(child, 'exit').then(([code]) => Promise.reject(new Error(`a worker ended with ${String(code)}`)));
  left.catch(() => undefined);
  await Promise.race([once(lines, 'line'), left]);
  return async () => {
    const line = once(lines, 'line');
    child.stdin.write('go\n');
    const [text]: unknown[] = await Promise.race([line, left]);
    return Admitted.parse(JSON.parse(String(text)));
  };
}

const PROCESSES = 4;
const REQUESTS = 100_000;
const PRINCIPALS = Array.from({ length: 8 }, () => randomUUID());

/** How many requests of each principal were admitted, of so many that four processes send at once. */
async function admittedOf(redis: TestRedis, limits: LimitSettings, requests = 8_000): Promise<Map<string, number>> {
  const settings = JSON.stringify({
    redis: redis.options,
    limits,
    organisation: randomUUID(),
    principals: PRINCIPALS,
    requests: requests / PROCESSES,
    atOnce: 500,
  });
  const workers = await Promise.all(Array.from({ length: PROCESSES }, () => startWorker(settings)));
  const results = await Promise.all(workers.map((go) => go()));
  return new Map(PRINCIPALS.map((id) => [id, results.reduce((sum, each) => sum + (each[id] ?? 0), 0)]));
}

/** Refills so slowly that nothing comes back while the test runs. */
const SLOW = { ...NO_LIMIT, ratePerSecond: 0.01 };
const ANY = NO_ORGANISATION_LIMIT;

describe.each(REDIS_KINDS)('on %s, requests of four processes at once', (_, start) => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await start();
  }, 30_000);
  afterAll(() => redis.stop());

  test('get as many tokens as the bucket of each principal holds, not one more and not one less', async () => {
    const admitted = await admittedOf(redis, withPro({ principal: { ...SLOW, burst: 250 }, organisation: ANY }));
    expect([...admitted.values()]).toEqual(PRINCIPALS.map(() => 250));
  });

  test('get as many as the bucket of the organisation holds, whoever asks, of 100,000', async () => {
    const limits = withPro({ principal: NO_LIMIT, organisation: { ...ANY, ...SLOW, burst: 5_000 } });
    const admitted = await admittedOf(redis, limits, REQUESTS);
    expect([...admitted.values()].reduce((sum, each) => sum + each)).toBe(5_000);
  });

  test('get as many as the minute and the quota of the organisation hold', async () => {
    const minute = { ...ANY, perMinute: 4_000 };
    const quota = { ...ANY, quota: { requests: 3_000, per: 'month' as const } };
    for (const [organisation, most] of [
      [minute, 4_000],
      [quota, 3_000],
    ] as const) {
      const admitted = await admittedOf(redis, withPro({ principal: NO_LIMIT, organisation }));
      expect([...admitted.values()].reduce((sum, each) => sum + each)).toBe(most);
    }
  });
});
