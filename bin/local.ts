import { spawn } from 'node:child_process';
import { existsSync, watch } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { type Host, startHost } from '../local/host';
import { type Log, openLog } from '../local/log';
import { report } from '../local/report';
import { findRedis } from '../local/stores/redis-binary';

/**
 * `npm start`: builds, synthesizes the stage `local`, and serves its stacks on this machine.
 * --fresh forgets the data of earlier runs, --watch follows the sources, --no-build serves cdk.out as it is.
 * PORT (8080; 0 for a free one), HOST (127.0.0.1), DATA (.gatehouse) and REDIS_URL say where; CLOCK_RATE (1) how many times
 * faster than the machine's the clock goes that queues, schedules and functions see.
 */
const FLAGS = ['--fresh', '--watch', '--no-build'];
const SOURCES = ['lambdas', 'lib', 'examples', 'bin'];
/** An editor writes a file in several steps. */
const SETTLE_MILLISECONDS = 200;

const assemblyFolder = resolve('cdk.out');
const dataFolder = resolve(process.env.DATA ?? '.gatehouse');

/**
 * A child of its own, so that the CDK's 200 MB are gone when the platform serves. Templates are validated by
 * `npm run check`; here it would double the time of synthesis.
 */
function run(script: string, ...parameters: string[]): Promise<void> {
  const child = spawn(process.execPath, ['--import', 'tsx', script, ...parameters], {
    stdio: 'inherit',
    env: { ...process.env, CDK_VALIDATION: 'false' },
  });
  return new Promise((done, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? done() : reject(new Error(`${script} failed`))));
  });
}

async function build(): Promise<void> {
  // Where there is no Redis it is fetched meanwhile; a failure is told when the host needs it.
  if (process.env.REDIS_URL === undefined) void findRedis().catch(() => undefined);
  await run('bin/build.ts');
  await run('bin/synth.ts', 'local', assemblyFolder);
}

/** Builds and swaps after every change, one after the other; a change meanwhile makes one more round. */
function follow(host: Host, log: Log): void {
  let timer: NodeJS.Timeout | undefined;
  let last: Promise<void> = Promise.resolve();
  const round = async () => {
    let swapped: readonly string[] = [];
    const milliseconds = await timed(async () => {
      await build();
      swapped = await host.reload();
    });
    log.say(`Swapped in ${Math.round(milliseconds)} ms: ${swapped.join(', ') || 'nothing'}`);
  };
  const changed = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      last = last.then(round).catch((error: unknown) => log.warn(messageOf(error)));
    }, SETTLE_MILLISECONDS);
  };
  for (const folder of SOURCES) watch(folder, { recursive: true }, changed);
  log.say(`Watching ${SOURCES.join(', ')}`);
}

function portOf(value = '8080'): number {
  const port = Number(value);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`PORT=${value} is not a port`);
  return port;
}

function clockRateOf(value = '1'): number {
  const rate = Number(value);
  if (!(rate >= 1 && rate <= 1_000)) throw new Error(`CLOCK_RATE=${value} is no number from 1 to 1000`);
  return rate;
}

async function main(flags: readonly string[]): Promise<void> {
  const unknown = flags.filter((flag) => !FLAGS.includes(flag));
  if (unknown.length > 0) throw new Error(`unknown option ${unknown.join(', ')}; there are ${FLAGS.join(', ')}`);
  const port = portOf(process.env.PORT);
  const buildMilliseconds = flags.includes('--no-build') && existsSync(assemblyFolder) ? 0 : await timed(build);
  const logFolder = join(dataFolder, 'logs');
  const log = openLog(logFolder);
  const host = await startHost({
    assemblyFolder,
    dataFolder,
    isFresh: flags.includes('--fresh'),
    host: process.env.HOST ?? '127.0.0.1',
    port,
    redisUrl: process.env.REDIS_URL,
    clockRate: clockRateOf(process.env.CLOCK_RATE),
    log,
  });
  endOnSignal(host, log);
  for (const line of report(host, { dataFolder, logFolder, buildMilliseconds })) log.say(line);
  listenToTerminal(host, log);
  if (flags.includes('--watch')) follow(host, log);
}

/** A schedule's name typed into the terminal runs it now. */
function listenToTerminal(host: Host, log: Log): void {
  if (!process.stdin.isTTY || host.schedules.expressions.size === 0) return;
  createInterface(process.stdin).on('line', (line) => {
    const id = line.trim();
    host.schedules.trigger(id).then(
      () => log.say(`${id} has run`),
      (error: unknown) => log.warn(messageOf(error)),
    );
  });
}

/** npm and tsx pass on a Ctrl-C that the terminal has sent us already: within this time it is the same one. */
const ECHO_MILLISECONDS = 300;

/** Ends in good order on a signal. A second one ends at once, and the reaper what is left. */
function endOnSignal(host: Host, log: Log): void {
  let asked: number | undefined;
  const end = () => {
    if (asked !== undefined && performance.now() - asked > ECHO_MILLISECONDS) process.exit(1);
    if (asked !== undefined) return;
    asked = performance.now();
    log.say('Ending; Ctrl-C again ends at once');
    void host.stop().then(() => process.exit(0));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
}

async function timed(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exit(1);
});
