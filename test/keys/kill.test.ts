import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import * as z from 'zod/mini';
import { verify } from '../../lambdas/audit/verify';
import { CLIENT_COLUMNS, ClientRow, clientRecord } from '../../lambdas/keys/client-rows';
import { KEY_COLUMNS, KeyRow, keyRecord } from '../../lambdas/keys/rows';
import { inTenant } from '../../lambdas/shared/stores/tenancy';
import { until } from '../local/support';
import { temporaryFolder } from '../support/temporary-folder';
import { startTenants, type TestTenants, userOf } from '../support/tenants';

const KILLS = 200;
/** Lives of a worker that run at the same time. */
const SLOTS = 5;

const root = join(__dirname, '../..');
const folder = temporaryFolder('gatehouse-kill-');
const worker = join(folder, 'worker.js');
const { id: user, organisation } = userOf('admin');

let tenants: TestTenants;
beforeAll(async () => {
  const options = [
    '--bundle',
    '--minify',
    '--platform=node',
    '--external:pg-native',
    '--log-level=warning',
    `--outfile=${worker}`,
  ];
  execFileSync(join(root, 'node_modules/.bin/esbuild'), [join(root, 'test/support/kill-worker.ts'), ...options]);
  tenants = await startTenants();
}, 30_000);
afterAll(async () => {
  await tenants.stop();
  rmSync(folder, { recursive: true });
});

/** One life: it is killed 10 to 120 ms after it has begun to change things, more often sooner than later. */
async function liveAndDie(settings: string): Promise<void> {
  const child = spawn(process.execPath, [worker, settings], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
  const ended = once(child, 'exit');
  await Promise.race([once(child.stdout, 'data'), ended]);
  await Promise.race([setTimeout(10 + 110 * Math.random() ** 2), ended]);
  const isAlive = child.exitCode === null;
  child.kill('SIGKILL');
  await ended;
  if (!isAlive) throw new Error(`a worker ended by itself: ${Buffer.concat(said).toString()}`);
}

async function killMany(): Promise<void> {
  const { host = '', port = 0, password = '' } = tenants.redis.client.options;
  const settings = JSON.stringify({
    postgres: {
      host: '127.0.0.1',
      port: tenants.database.port,
      user: 'gatehouse_app',
      password: 'test',
      database: 'postgres',
    },
    redis: { host, port, password },
    organisation,
    user,
  });
  let left = KILLS;
  const slot = async () => {
    while (left-- > 0) await liveAndDie(settings);
  };
  await Promise.all(Array.from({ length: SLOTS }, slot));
  // PostgreSQL notices that a client is gone when it next speaks to it.
  const open = "select count(*)::int as open from pg_stat_activity where usename = 'gatehouse_app'";
  await until(async () => (await tenants.database.master.query(open)).rows[0].open === 0);
}

const Noted = z.object({ action: z.string(), before: z.optional(z.unknown()), after: z.optional(z.unknown()) });
type Noted = z.output<typeof Noted>;

/** What the audit says happened to each thing, in order. */
async function stories(): Promise<Map<string, Noted[]>> {
  const { rows } = await tenants.database.master.query(
    "select target, record from gatehouse.audit_log where organisation_id = $1 and (target like 'key:%' or target like 'client:%') order by seq",
    [organisation],
  );
  const found = new Map<string, Noted[]>();
  for (const { target, record } of rows)
    found.set(target, [...(found.get(target) ?? []), Noted.parse(JSON.parse(record))]);
  return found;
}

/** As the audit's JSON has it. */
const state = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const same = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

/** Every thing there is: its version, and all that can be changed of it, by its name in the audit. */
async function things(): Promise<Map<string, { version: number; state: unknown }>> {
  const keys = z
    .array(KeyRow)
    .parse((await tenants.database.master.query(`select ${KEY_COLUMNS} from gatehouse.api_keys`)).rows);
  const clients = z
    .array(ClientRow)
    .parse((await tenants.database.master.query(`select ${CLIENT_COLUMNS} from gatehouse.clients`)).rows);
  return new Map([
    ...keys.map((row) => [`key:${row.id}`, { version: row.version, state: state(keyRecord(row)) }] as const),
    ...clients.map((row) => [`client:${row.id}`, { version: row.version, state: state(clientRecord(row)) }] as const),
  ]);
}

/** What does not fit in the story of one thing. */
function faults(
  target: string,
  story: readonly Noted[],
  thing: { version: number; state: unknown } | undefined,
): string[] {
  const [first] = story;
  const last = story.at(-1);
  const isDeleted = last?.action.endsWith('.deleted') ?? false;
  const wrong = [
    !first?.action.endsWith('.created') && 'does not begin with its creation',
    isDeleted === (thing !== undefined) && 'is there though deleted, or gone though not',
    thing && thing.version !== story.length && `is at version ${thing.version} after ${story.length} rows`,
    thing && !same(thing.state, last?.after) && 'is not what its last row says',
    story.slice(1).some(({ before }, at) => !same(before, story[at]?.after)) && 'has a change that no row tells',
  ];
  return wrong.filter((text) => typeof text === 'string').map((text) => `${target} ${text}`);
}

test(`${KILLS} kills in the middle of changes leave no change without its audit row, and no row without its change`, async () => {
  await killMany();
  const [told, found] = [await stories(), await things()];
  const names = new Set([...told.keys(), ...found.keys()]);
  const wrong = [...names].flatMap((name) => faults(name, told.get(name) ?? [], found.get(name)));
  expect(wrong).toEqual([]);
  const rows = [...told.values()].flat();
  expect(new Set(rows.map(({ action }) => action)).size).toBe(8);
  // How much a life gets done before it is killed is the machine's business; that enough was done is not.
  expect(rows.length).toBeGreaterThan(KILLS / 4);
  expect(found.size).toBeGreaterThan(0);

  const chain = await inTenant(tenants.app, { organisation }, (sql) => verify(sql, organisation, 0, undefined));
  expect(chain).toMatchObject({ intact: true, checked: chain.links });
  expect(chain.links).toBeGreaterThanOrEqual(rows.length);

  // A key that nobody can verify would be refused for ever; a record without its key is refused too, and harmless.
  const keyIds = [...found.keys()].filter((name) => name.startsWith('key:')).map((name) => name.slice(4));
  const records = await Promise.all(keyIds.map((id) => tenants.redis.client.exists(`record:${id}`)));
  expect(records.every((exists) => exists === 1)).toBe(true);

  // An answer that was kept for an Idempotency-Key is of a creation that counts.
  const { rows: kept } = await tenants.database.master.query(
    "select coalesce('key:' || (response->'key'->>'id'), 'client:' || (response->'client'->>'id')) as target from gatehouse.idempotency",
  );
  expect(kept.length).toBeGreaterThan(0);
  expect(kept.filter(({ target }) => !told.has(target))).toEqual([]);
}, 120_000);
