// Changes keys and clients at random through the real operations, until it is killed (test/keys/kill.test.ts).
import { randomInt, randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import * as z from 'zod/mini';
import { clients } from '../../lambdas/keys/clients';
import type { Deps } from '../../lambdas/keys/deps';
import { apiKeys } from '../../lambdas/keys/keys';
import { accessCache } from '../../lambdas/shared/access/cache';
import { changes } from '../../lambdas/shared/access/change';
import { setOfRole } from '../../lambdas/shared/access/permissions';
import type { Principal } from '../../lambdas/shared/access/principal';
import { Refusal } from '../../lambdas/shared/errors';
import { commandsOn } from './commands';
import { NO_LIMITS } from './event';

const Settings = z.object({
  postgres: z.object({ host: z.string(), port: z.int(), user: z.string(), password: z.string(), database: z.string() }),
  redis: z.object({ host: z.string(), port: z.int(), password: z.string() }),
  organisation: z.uuid(),
  user: z.uuid(),
});
const settings = Settings.parse(JSON.parse(process.argv[2] ?? ''));
const pool = new Pool({ ...settings.postgres, max: 1 });
const redis = new Redis({ ...settings.redis, enableReadyCheck: false });

const deps: Deps = {
  changes: changes(async () => pool, accessCache(commandsOn(redis))),
  records: {
    put: async (id, record) => void (await redis.set(`record:${id}`, JSON.stringify(record))),
    delete: async (id) => void (await redis.del(`record:${id}`)),
  },
  usage: async () => [],
  pepper: async () => 'pepper',
  stage: 'test',
  nowMs: Date.now,
};
const operations = { ...apiKeys(deps), ...clients(deps) };

const principal: Principal = {
  kind: 'user',
  id: settings.user,
  organisation: settings.organisation,
  roles: ['admin'],
  permissions: setOfRole('admin'),
  grants: [],
  plan: 'free',
  organisationPlan: 'free',
};
const common = () => ({
  principal,
  limits: NO_LIMITS,
  requestId: 'request',
  arrivedAtMs: Date.now(),
  publicUrl: '',
  origin: { requestId: 'request', sourceIp: '192.0.2.1', userAgent: 'worker' },
  idempotencyKey: randomInt(2) === 0 ? undefined : randomUUID(),
  ifMatch: undefined,
  clientAuth: undefined,
  query: undefined,
});
const onKey = () => ({ ...common(), params: { id: pick(keyIds, 'f'.repeat(16)) } });
const onClient = () => ({ ...common(), params: { id: pick(clientIds, settings.organisation) } });

const keyIds: string[] = [];
const clientIds: string[] = [];
/** Before there is one it is one that nobody has made. */
const pick = (ids: readonly string[], none: string) => ids[randomInt(Math.max(ids.length, 1))] ?? none;
const Answered = z.object({ body: z.object({ id: z.string() }) });
const remember = (ids: string[], answer: unknown) => void ids.push(Answered.parse(answer).body.id);

const CLIENT = { kind: 'confidential' as const, name: 'client', scopes: ['graph:query' as const] };
const SOME: readonly (() => Promise<unknown>)[] = [
  async () =>
    remember(
      keyIds,
      await operations.createKey({ ...common(), params: undefined, body: { name: 'key', scopes: ['graph:query'] } }),
    ),
  async () => remember(keyIds, await operations.rotateKey({ ...onKey(), body: { overlapSeconds: 60 } })),
  () => operations.updateKey({ ...onKey(), body: { name: `key ${randomInt(1000)}`, disabled: randomInt(4) === 0 } }),
  () => operations.deleteKey({ ...onKey(), body: undefined }),
  async () => remember(clientIds, await operations.createClient({ ...common(), params: undefined, body: CLIENT })),
  () => operations.rotateClient({ ...onClient(), body: {} }),
  () => operations.updateClient({ ...onClient(), body: { name: `client ${randomInt(1000)}` } }),
  () => operations.deleteClient({ ...onClient(), body: undefined }),
];

/** What another worker has deleted or rotated meanwhile is refused: that is no fault. */
async function change(): Promise<void> {
  const operation = SOME[randomInt(SOME.length)];
  await operation?.().catch((error: unknown) => {
    if (!(error instanceof Refusal) || !['not_found', 'conflict'].includes(error.code)) throw error;
  });
}

const Rows = z.array(z.object({ id: z.string() }));

/** What other lives have made. */
async function lately(table: string): Promise<string[]> {
  const select = `select id from gatehouse.${table} where organisation_id = $1 order by created_at desc limit 20`;
  const { rows } = await deps.changes.read({ principal }, (sql) => sql.query(select, [principal.organisation]));
  return Rows.parse(rows).map(({ id }) => id);
}

async function start(): Promise<void> {
  keyIds.push(...(await lately('api_keys')));
  clientIds.push(...(await lately('clients')));
  process.stdout.write('ready\n');
  for (;;) await change();
}

start().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
  process.exit();
});
