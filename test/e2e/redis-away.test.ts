import { execFileSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { type Answer, call, tokenOf } from '../support/gateway';
import { type LocalHost, startLocalHost } from '../support/local-host';

let host: LocalHost;
let tokens: readonly string[];
beforeAll(async () => {
  host = await startLocalHost();
  // Several callers, so that the share that is left to each suffices for most of what is asked here.
  const roles = ['admin', 'editor', 'viewer', 'api_user'];
  tokens = await Promise.all(roles.map((role) => tokenOf(role, host)));
}, 90_000);
afterAll(() => host.end());

function redisProcess(): number {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid=,comm='], { encoding: 'utf8' }).trim().split('\n');
  const all = rows.map((row) => row.trim().split(/\s+/));
  const found = all.find(([, ppid, name]) => Number(ppid) === host.pid && name?.startsWith('redis-server'));
  if (!found) throw new Error('no Redis below the host');
  return Number(found[0]);
}

const ask = (token = '', path = '/v1/organisations') =>
  call(path, { headers: { authorization: `Bearer ${token}` } }, host.url);
const isDegraded = ({ headers }: Answer) => headers.get('x-ratelimit-mode') === 'degraded';

interface Load {
  readonly answers: readonly Answer[];
  readonly p99Ms: number;
}

/** So many reads of all callers, some at a time; `during` happens when a tenth of them is sent. */
async function load(count: number, during: () => unknown = () => undefined): Promise<Load> {
  const answers: Answer[] = [];
  const times: number[] = [];
  let sent = 0;
  const send = async () => {
    while (sent < count) {
      sent += 1;
      if (sent === Math.ceil(count / 10)) during();
      const began = performance.now();
      answers.push(await ask(tokens[sent % tokens.length]));
      times.push(performance.now() - began);
      await pause(5);
    }
  };
  await Promise.all(Array.from({ length: 4 }, send));
  return { answers, p99Ms: times.toSorted((a, b) => a - b)[Math.floor(count * 0.99)] ?? Number.NaN };
}

/** Until an answer is not degraded any more, in milliseconds. */
async function recovery(): Promise<number> {
  const began = performance.now();
  // All environments that the load has started ask again.
  let quiet = 0;
  while (quiet < 20) {
    const answers: readonly Answer[] = await Promise.all(tokens.map((token) => ask(token)));
    quiet = answers.some(isDegraded) ? 0 : quiet + 1;
    if (performance.now() - began > 20_000) throw new Error('it does not come back');
    if (quiet === 0) await pause(50);
  }
  return performance.now() - began;
}

const statusesOf = ({ answers }: Load) => new Set(answers.map(({ status }) => status));

/** Far above what is measured here on a quiet machine, and far below a second's wait for a Redis that is not there. */
const LONGEST_RISE_MS = 400;

test.each([
  ['is killed', (pid: number): boolean => process.kill(pid, 'SIGKILL'), () => undefined],
  [
    'stands still',
    (pid: number): boolean => process.kill(pid, 'SIGSTOP'),
    (pid: number): boolean => process.kill(pid, 'SIGCONT'),
  ],
] as const)(
  'when Redis %s under load reads go on, limits hold, changes say when to come again, and it is used again within 5 s',
  async (name, spoil, mend) => {
    await recovery();
    await load(200);
    const before = await load(600);
    expect(statusesOf(before)).toEqual(new Set([200]));
    const pid = redisProcess();
    const during = await load(600, () => spoil(pid));
    process.stdout.write(`p99 when Redis ${name}: ${before.p99Ms.toFixed(1)} ms, then ${during.p99Ms.toFixed(1)} ms\n`);
    expect(during.answers.filter(({ status }) => status >= 500)).toEqual([]);
    expect(during.p99Ms - before.p99Ms).toBeLessThan(LONGEST_RISE_MS);
    if (name === 'stands still') {
      const flood = await Promise.all(Array.from({ length: 200 }, () => ask(tokens[0])));
      const over = flood.find(({ status }) => status === 429);
      expect(over?.headers.get('x-ratelimit-mode')).toBe('degraded');
      expect(Number(over?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      expect(flood.filter(({ status }) => status >= 500)).toEqual([]);
      const change = await call(
        '/v1/roles',
        {
          method: 'POST',
          headers: { authorization: `Bearer ${tokens[0]}`, 'content-type': 'application/json' },
          body: JSON.stringify({ name: `role-${Date.now()}`, permissions: ['graph:query'] }),
        },
        host.url,
      );
      expect([503, 429]).toContain(change.status);
      expect(Number(change.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    }
    mend(pid);
    const back = await recovery();
    process.stdout.write(`used again after ${Math.round(back)} ms\n`);
    expect(back).toBeLessThan(5_000);
  },
  120_000,
);
