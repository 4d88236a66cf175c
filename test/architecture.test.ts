import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';

const IMPORT = /(?:from|import\(|require\()\s*['"]([^'"]+)['"]/g;

const filesIn = (root: string): string[] =>
  readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(root, file));

interface Arrow {
  readonly from: string;
  /** A path in this project, or the name of a package. */
  readonly to: string;
}

const arrowsOf = (root: string): Arrow[] =>
  filesIn(root).flatMap((from) =>
    [...readFileSync(from, 'utf8').matchAll(IMPORT)].map(([, specifier = '']) => ({
      from,
      to: specifier.startsWith('.') ? relative('.', normalize(join(dirname(from), specifier))) : specifier,
    })),
  );

const offending = (root: string, forbidden: (arrow: Arrow) => boolean) =>
  arrowsOf(root)
    .filter(forbidden)
    .map(({ from, to }) => `${from} -> ${to}`);

const starts = (path: string, ...roots: readonly string[]) =>
  roots.some((root) => path === root || path.startsWith(`${root}/`));

test('there are arrows to look at', () => {
  expect(arrowsOf('lambdas').length).toBeGreaterThan(50);
  expect(arrowsOf('local').length).toBeGreaterThan(50);
});

test('what runs never imports what deploys, nor what serves it on a laptop', () => {
  const offenders = offending('lambdas', ({ to }) =>
    starts(to, 'lib', 'local', 'bin', 'test', 'aws-cdk-lib', 'constructs'),
  );
  expect(offenders).toEqual([]);
});

const feature = (path: string) => path.split('/')[1] ?? '';
const isFeature = (path: string) => path.startsWith('lambdas/') && path.split('/').length > 2;

test('two features meet only in shared', () => {
  const offenders = offending(
    'lambdas',
    ({ from, to }) => isFeature(from) && isFeature(to) && feature(to) !== 'shared' && feature(from) !== feature(to),
  );
  expect(offenders).toEqual([]);
});

test('shared imports no feature', () => {
  expect(offending('lambdas/shared', ({ to }) => starts(to, 'lambdas') && !starts(to, 'lambdas/shared'))).toEqual([]);
});

/** From what knows most to what knows least; files that stand in `shared` itself are words for all. */
const ROOMS = ['http', 'access', 'limits', 'credentials', 'graph', 'settings', 'stores', 'aws', 'http1'];
const roomOf = (path: string) => (path.split('/').length > 3 ? ROOMS.indexOf(path.split('/')[2] ?? '') : ROOMS.length);
/** They know principals, and nothing else of access. */
const isPrincipal = (path: string) => path === 'lambdas/shared/access/principal';

test('the rooms of shared know those that stand below them, and none above', () => {
  const up = offending(
    'lambdas/shared',
    ({ from, to }) => starts(to, 'lambdas/shared') && roomOf(to) < roomOf(from) && !isPrincipal(to),
  );
  expect(up).toEqual([]);
  expect(arrowsOf('lambdas/shared').filter(({ from }) => roomOf(from) < 0)).toEqual([]);
});

test('lib reads contracts and shared words of lambdas, never their code', () => {
  const allowed =
    /^lambdas\/(routes|shared\/(http\/(route|cors)|errors|parse|credentials\/issuer-fields|limits\/(plans|defaults)))$/;
  expect(
    offending('lib', ({ to }) => starts(to, 'local', 'bin', 'test') || (starts(to, 'lambdas') && !allowed.test(to))),
  ).toEqual([]);
});

test('the local host knows the product only by its templates', () => {
  expect(
    offending('local', ({ to }) =>
      starts(to, 'lib', 'lambdas', 'examples', 'bin', 'test', 'aws-cdk-lib', 'constructs'),
    ),
  ).toEqual([]);
});

test('only a handler reads the environment', () => {
  const readers = filesIn('lambdas')
    .filter((file) => !file.endsWith('.handler.ts'))
    .filter((file) => /\breadEnv\(|process\.env\b/.test(readFileSync(file, 'utf8')));
  // env.ts reads it for handlers; the others read what Lambda itself sets: its credentials, its name, the trace.
  expect(readers.toSorted()).toEqual([
    'lambdas/shared/aws/aws-token.ts',
    'lambdas/shared/env.ts',
    'lambdas/shared/telemetry.ts',
  ]);
});
