import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { forget, startHost } from '../local/host';
import { openLog } from '../local/log';
import { report } from '../local/report';

/** `npm start`: builds, synthesizes the stage `local`, and serves its stacks on this machine. */
const flags = new Set(process.argv.slice(2));
const assemblyFolder = resolve('cdk.out');
const dataFolder = resolve('.gatehouse');

const KNOWN = new Set(['--fresh', '--watch', '--no-build']);

/**
 * A child of its own, so that the CDK's 200 MB are gone when the platform serves. Templates are validated by
 * `npm run check`; here it would double the time of synthesis.
 */
function run(script: string, ...parameters: string[]): Promise<void> {
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', script, ...parameters], {
    stdio: 'inherit',
    env: { ...process.env, CDK_VALIDATION: 'false' },
  });
  return new Promise((done, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? done() : reject(new Error(`${script} failed`))));
  });
}

async function build(): Promise<void> {
  await run('bin/build.ts');
  await run('bin/synth.ts', 'local', assemblyFolder);
}

async function main(): Promise<void> {
  const unknown = [...flags].filter((flag) => !KNOWN.has(flag));
  if (unknown.length > 0) throw new Error(`unknown option ${unknown.join(', ')}; there are ${[...KNOWN].join(', ')}`);
  const started = performance.now();
  if (flags.has('--fresh')) forget(dataFolder);
  if (!flags.has('--no-build') || !existsSync(assemblyFolder)) await build();
  const log = openLog(join(dataFolder, 'logs'));
  const host = await startHost({
    assemblyFolder,
    dataFolder,
    host: process.env.HOST ?? '127.0.0.1',
    port: Number(process.env.PORT ?? 8080),
    redisUrl: process.env.REDIS_URL,
    log,
  });
  for (const line of report(host, performance.now() - started)) log.say(line);
  const stop = () => void host.stop().then(() => process.exit(0));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stop);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
