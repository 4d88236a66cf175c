import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { STAGE_NAMES } from '../lib/stages';
import { buildFunctions } from './build';

/** `npm run check`: everything about the code that can be known without running it. Two steps run at a time. */
interface Step {
  readonly name: string;
  readonly command: readonly string[];
}

const PARALLEL = 2;
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-check-'));

/** Warnings are errors, and every finding of the rule packs must have been accepted with a reason. */
const synth = (stage: string): Step => ({
  name: `synth ${stage}`,
  // Built once, above; four builds at a time would pull the code from under each other.
  command: [
    'cdk',
    'synth',
    '--strict',
    '--quiet',
    '--build',
    'true',
    '-c',
    `stage=${stage}`,
    '-c',
    'nag=true',
    '-o',
    join(folder, stage),
  ],
});

const STEPS: readonly Step[] = [
  ...STAGE_NAMES.map(synth),
  { name: 'types', command: ['tsc'] },
  { name: 'lint', command: ['oxlint', '--type-aware', '--deny-warnings', '.'] },
  { name: 'format', command: ['biome', 'ci', '--error-on-warnings', '.'] },
  { name: 'arrows', command: ['jest', 'test/architecture.test.ts'] },
];

/** Resolves to whether the step went well; its output is shown only when it did not. */
function run({ name, command: [program = '', ...rest] }: Step): Promise<boolean> {
  const started = performance.now();
  const child = spawn(join('node_modules/.bin', program), rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  const output: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.push(chunk));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      process.stdout.write(`${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)\n`);
      if (code !== 0) process.stdout.write(Buffer.concat(output));
      resolve(code === 0);
    });
  });
}

async function main(): Promise<void> {
  await buildFunctions();
  const waiting = [...STEPS];
  const results: boolean[] = [];
  const worker = async () => {
    for (let step = waiting.shift(); step; step = waiting.shift()) results.push(await run(step));
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  if (results.includes(false)) process.exitCode = 1;
}

main()
  .finally(() => rmSync(folder, { recursive: true, force: true }))
  .catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
