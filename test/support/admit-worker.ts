// Sends requests to the guard as an execution environment does, many at once (test/shared/access/exactness.test.ts).
import { once } from 'node:events';
import { Redis } from 'ioredis';
import * as z from 'zod/mini';
import { accessCache } from '../../lambdas/shared/access/cache';
import { judgeTogether } from '../../lambdas/shared/access/judge-together';
import { BoundedMap } from '../../lambdas/shared/bounded-map';
import { LimitSettings } from '../../lambdas/shared/limits/plans';
import { commandsOn } from './commands';
import { entryOnPlan } from './limited';
import { fixedSettings } from './limits';

const Settings = z.object({
  redis: z.object({
    host: z.string(),
    port: z.int(),
    password: z.string(),
    tls: z.optional(z.object({ ca: z.string() })),
    enableReadyCheck: z.literal(false),
  }),
  limits: LimitSettings,
  organisation: z.uuid(),
  principals: z.array(z.string()),
  requests: z.int(),
  atOnce: z.int(),
});
const { redis, limits, organisation, principals, requests, atOnce } = Settings.parse(JSON.parse(process.argv[2] ?? ''));

const client = new Redis(redis);
const judge = judgeTogether({
  cache: accessCache(commandsOn(client)),
  settings: fixedSettings(limits),
  memory: new BoundedMap(100),
  read: async () => entryOnPlan('pro'),
  nowMs: Date.now,
});
const origin = { requestId: 'request', sourceIp: '192.0.2.1', userAgent: 'worker' };

async function run(): Promise<void> {
  await client.ping();
  process.stdout.write('ready\n');
  await once(process.stdin, 'data');
  const admitted = new Map<string, number>(principals.map((id) => [id, 0]));
  let sent = 0;
  const send = async () => {
    while (sent < requests) {
      const id = principals[sent % principals.length] ?? '';
      sent += 1;
      const judgement = await judge({ kind: 'client', id, organisation }, origin, 1);
      if (judgement.verdict !== 'admitted') continue;
      admitted.set(id, (admitted.get(id) ?? 0) + 1);
      judgement.leave();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, send));
  await client.ping();
  process.stdout.write(`${JSON.stringify(Object.fromEntries(admitted))}\n`, () => process.exit());
}
void run();
