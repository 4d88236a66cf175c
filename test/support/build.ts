import { execFileSync } from 'node:child_process';

const run = (...parameters: string[]) =>
  execFileSync(process.execPath, ['--import', 'tsx', ...parameters], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, CDK_VALIDATION: 'false' },
  });

/** Makes dist/ and cdk.out, once for all test files of a run. */
export default function build(): void {
  if (process.env.GATEHOUSE_BUILT) return;
  run('bin/build.ts');
  run('bin/synth.ts', 'local', 'cdk.out');
  process.env.GATEHOUSE_BUILT = 'yes';
}
