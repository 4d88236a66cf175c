import { cpSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';

const OUT = 'dist/functions';

/** The largest free gain of a cold start is `mainFields`: packages' ES modules are tree-shaken, their CommonJS is not. */
const OPTIONS: BuildOptions = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  minify: true,
  keepNames: true,
  sourcemap: 'linked',
  sourcesContent: false,
  mainFields: ['module', 'main'],
  legalComments: 'none',
  logLevel: 'warning',
  // pg's optional native binding, and what Apollo's packages require only for features we do not use.
  external: ['pg-native', 'pg-cloudflare'],
};

/** `lambdas/auth/auth.handler.ts` becomes the function `auth`; `examples/subgraphs/…` gets the prefix `example-`. */
function entryPoints(): { in: string; out: string }[] {
  const files = ['lambdas', 'examples'].flatMap((root) =>
    readdirSync(root, { recursive: true, encoding: 'utf8' }).map((file) => join(root, file)),
  );
  return files
    .filter((file) => file.endsWith('.handler.ts'))
    .map((file) => ({ in: file, out: join(functionName(file), 'index') }));
}

const functionName = (file: string) =>
  `${file.startsWith('examples') ? 'example-' : ''}${basename(file, '.handler.ts')}`;

/** What functions read at run time, laid beside their code. */
function layFiles(): void {
  cpSync(join(OUT, 'migrate'), join(OUT, 'migrate-examples'), { recursive: true });
  cpSync('lambdas/migrate/migrations', join(OUT, 'migrate/migrations'), { recursive: true });
  cpSync('examples/migrations', join(OUT, 'migrate-examples/migrations'), { recursive: true });
}

/** Every function into dist/functions/<name>/index.js, in one esbuild run. */
export async function buildFunctions(): Promise<void> {
  rmSync(OUT, { recursive: true, force: true });
  await build({ ...OPTIONS, entryPoints: entryPoints(), outdir: OUT });
  layFiles();
}

if (require.main === module)
  buildFunctions().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
