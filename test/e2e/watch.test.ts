import { cpSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { call } from '../support/gateway';
import { startLocalHost } from '../support/local-host';
import { temporaryFolder } from '../support/temporary-folder';

/** The code of the README's steps 1 and 2, as it stands there. */
const readme = readFileSync('README.md', 'utf8');
const [contract = '', operation = ''] = [...readme.matchAll(/ {3}```ts\n([\s\S]*?) {3}```/g)].map(
  ([, code = '']) => code,
);

test('--watch: a route added as the README says is served without a restart, and a change that does not compile leaves the old code', async () => {
  const checkout = temporaryFolder('gatehouse-life-');
  for (const name of [
    'bin',
    'lib',
    'lambdas',
    'examples',
    'local',
    'cdk.json',
    'package.json',
    'tsconfig.json',
    'cdk.out',
  ])
    cpSync(name, join(checkout, name), { recursive: true });
  symlinkSync(resolve('node_modules'), join(checkout, 'node_modules'));
  const host = await startLocalHost({ cwd: checkout, flags: ['--no-build', '--watch'] });
  await host.printed(/Watching/);
  const edit = (file: string, change: (source: string) => string) => {
    const path = join(checkout, 'lambdas/platform', file);
    writeFileSync(path, change(readFileSync(path, 'utf8')));
  };

  edit('platform.ts', (source) => `${source}\nexport const = ;\n`);
  await host.printed(/bin\/build\.ts failed/, 30_000);
  expect((await call('/health', {}, host.url)).status).toBe(200);
  expect((await call('/v1/greeting', {}, host.url)).status).toBe(404);

  edit('contract.ts', (source) => source.replace('  getHealth: {', `${contract}  getHealth: {`));
  edit('platform.ts', (source) =>
    source.replace('\nexport const = ;\n', '').replace('  async getReadiness', `${operation}  async getReadiness`),
  );
  await host.printed(/Swapped in \d+ ms: .*Platform/, 40_000);
  const { status, body } = await call('/v1/greeting?name=Ada', {}, host.url);
  expect([status, body]).toEqual([200, { greeting: 'Hello Ada' }]);
  expect((await call('/v1/greeting?nom=Ada', {}, host.url)).status).toBe(400);
  await host.end();
  rmSync(checkout, { recursive: true, force: true });
}, 120_000);
