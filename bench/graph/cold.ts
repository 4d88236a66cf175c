import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { json } from 'node:stream/consumers';
import * as z from 'zod/mini';
import { count, median, row, say } from '../measure';
import { FILES, sizeOf } from './bundles';
import { eventText } from './event';
import { MEDIUM_OPERATION, unknownOperation } from './operations';
import type { Caller } from './world';

const RUNS = 21;
const MOST_BUNDLE_BYTES = 250_000;
const MOST_RESIDENT_BYTES = 60_000_000;

/** Invokes a function once, and says on its fourth descriptor what memory it has taken by its first answer. */
const INVOKE = `
const say = () => require('fs').writeSync(3, JSON.stringify(process.memoryUsage()));
const { FUNCTION, EVENT } = process.env;
const handler = FUNCTION === '' ? async () => ({ statusCode: 200, body: '{"data":{}}' }) : require(FUNCTION).handler;
handler(JSON.parse(EVENT), { awsRequestId: 'bench' }).then(({ statusCode, body }) => {
  say();
  process.exit(statusCode === 200 && body.startsWith('{"data":') ? 0 : 1);
});`;

const Memory = z.object({ rss: z.number(), heapUsed: z.number() });
interface Start extends z.output<typeof Memory> {
  readonly milliseconds: number;
}

/** A new process of node until it ends. */
async function timed(env: NodeJS.ProcessEnv): Promise<Start> {
  const began = performance.now();
  const child = spawn(process.execPath, ['-e', INVOKE], { env, stdio: ['ignore', 'ignore', 'inherit', 'pipe'] });
  const pipe = child.stdio[3];
  if (!(pipe instanceof Readable)) throw new Error('the fourth descriptor is no pipe');
  const memory = json(pipe);
  const [code] = await once(child, 'exit');
  const milliseconds = performance.now() - began;
  if (code !== 0) throw new Error(`the function failed: ${env.FUNCTION}`);
  return { milliseconds, ...Memory.parse(await memory) };
}

/** What one contender is, how it is started the n-th time, and what its time shall be at most. */
interface Cold {
  readonly name: string;
  readonly file: string;
  readonly body: (run: number) => string;
  /** Of others' times, by their names. */
  readonly shares?: Readonly<Record<string, number>>;
}

const known = () => MEDIUM_OPERATION.body;
const unknown = (run: number) => unknownOperation(`${process.pid}x${run + 1}`);

const EMPTY = 'an empty function';
const PLAIN = 'Apollo Gateway, bundled';
const PLAIN_UNKNOWN = 'Apollo Gateway, bundled, another operation each time';
const OURS = 'Gatehouse, an operation that was run before';
const COLD: readonly Cold[] = [
  { name: EMPTY, file: '', body: known },
  { name: OURS, file: FILES.ours, body: known, shares: { [EMPTY]: 2.5, [PLAIN]: 0.2 } },
  {
    name: 'Gatehouse, another operation each time',
    file: FILES.ours,
    body: unknown,
    shares: { [PLAIN_UNKNOWN]: 0.65 },
  },
  { name: PLAIN, file: FILES.apollo, body: known },
  { name: PLAIN_UNKNOWN, file: FILES.apollo, body: unknown },
];

/** From nothing to the first answer; sizes and memory. */
export async function cold(env: NodeJS.ProcessEnv, { refill }: Caller): Promise<void> {
  printSizes();
  const starts = new Map(COLD.map(({ name }): [string, Start[]] => [name, []]));
  // One before those that count: the operation has been run then, and files are in memory.
  for (let run = -1; run < RUNS; run += 1)
    for (const { name, file, body } of COLD) {
      await refill();
      const start = await timed({ ...env, FUNCTION: file, EVENT: eventText(body(run)) });
      if (run >= 0) starts.get(name)?.push(start);
    }
  const of = (name: string, member: keyof Start) => median((starts.get(name) ?? []).map((start) => start[member]));
  say(`Cold start: a new process of node until it ends, ${RUNS} times in turns; the medium operation`);
  for (const { name, shares = {} } of COLD) {
    row(name, `${of(name, 'milliseconds').toFixed(1)} ms`, of(name, 'milliseconds') / of(EMPTY, 'milliseconds'));
    for (const [other, most] of Object.entries(shares))
      row(`  beside ${other}`, '', of(name, 'milliseconds') / of(other, 'milliseconds'), most);
  }
  say();
  say('Memory at the first answer: resident, and heap in use');
  for (const { name } of COLD) {
    const [rss, heap] = [of(name, 'rss'), of(name, 'heapUsed')];
    row(`${name}: heap ${mega(heap)}`, mega(rss), rss / of(EMPTY, 'rss'));
  }
  row('  of ours: at most 60 MB resident', '', of(OURS, 'rss') / MOST_RESIDENT_BYTES, 1);
  say();
}

const mega = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

function printSizes(): void {
  say('What is loaded at each cold start, minified, without its source map');
  const bytes = sizeOf(FILES.ours);
  row('Gatehouse: index.js', `${count(bytes)} bytes`, bytes / MOST_BUNDLE_BYTES, 1);
  row('Apollo Gateway: index.js', `${count(sizeOf(FILES.apollo))} bytes`, undefined);
  say();
}
