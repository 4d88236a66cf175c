import { cpSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';
import { SUBGRAPHS } from '../examples/compose';
import { openApiDocument } from '../lambdas/openapi';
import { docsAssets } from '../lambdas/platform/docs-assets';

const OUT = 'dist/functions';
const LAZY = 'dist/lazy';

/** The largest free gain of a cold start is `mainFields`: packages' ES modules are tree-shaken, their CommonJS is not. */
export const OPTIONS: BuildOptions = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  minify: true,
  sourcemap: 'linked',
  sourcesContent: false,
  mainFields: ['module', 'main'],
  // Apollo requires files of graphql by name without an ending: unless those are the ES modules too, the bundle holds
  // two copies of graphql, whose types are strangers to each other.
  resolveExtensions: ['.mjs', '.ts', '.js', '.json'],
  legalComments: 'none',
  logLevel: 'warning',
  // pg's optional native binding, and what Apollo's packages require only for features we do not use.
  external: ['pg-native', 'pg-cloudflare'],
  // A lazy file is required: Node's loader of ES modules would be started for it alone.
  supported: { 'dynamic-import': false },
};

/**
 * `import('./planning/planner.lazy')` stays an import: what it leads to is a file of its own beside each function that may
 * need it, read when it first does. Everything else of a function is one file.
 */
export const lazily: Plugin = {
  name: 'lazily',
  setup: ({ onResolve }) =>
    onResolve({ filter: /\.lazy$/ }, ({ path, kind }) =>
      kind === 'dynamic-import' ? { path: `./${basename(path)}.js`, external: true } : undefined,
    ),
};

/** `lambdas/auth/auth.handler.ts` becomes the function `auth`; `examples/subgraphs/…` gets the prefix `example-`. */
function entryPoints(): { in: string; out: string }[] {
  const files = ['lambdas', 'examples'].flatMap((root) =>
    readdirSync(root, { recursive: true, encoding: 'utf8' }).map((file) => join(root, file)),
  );
  const of = (ending: string) => files.filter((file) => file.endsWith(ending));
  return [
    ...of('.handler.ts').map((file) => ({ in: file, out: join(OUT, functionName(file), 'index') })),
    ...of('.lazy.ts').map((file) => ({ in: file, out: join(LAZY, basename(file, '.ts')) })),
    ...COMPOSING.map((name) => ({ in: COMPOSER, out: join(OUT, name, 'compose') })),
  ];
}

/** The thread that composes, beside each function that has one. */
const COMPOSER = 'lambdas/registry/compose.worker.ts';
const COMPOSING = ['registry', 'publish-examples'];

const functionName = (file: string) =>
  `${file.startsWith('examples') ? 'example-' : ''}${basename(file, '.handler.ts')}`;

/** Lays what a file reads when it is first needed, and what that reads in turn, beside the function. */
function layLazy(outputs: Metafile['outputs'], file: string, folder = dirname(file)): void {
  for (const { path, external } of outputs[file]?.imports ?? []) {
    if (!external || !path.endsWith('.lazy.js')) continue;
    const source = join(LAZY, path);
    for (const ending of ['', '.map']) cpSync(source + ending, join(folder, path + ending));
    layLazy(outputs, source, folder);
  }
}

/** What functions read at run time, laid beside their code. */
function layFiles(): void {
  lay('migrate/migrations', 'lambdas/migrate/migrations');
  lay('migrate-examples', join(OUT, 'migrate'));
  lay('migrate-examples/migrations', 'examples/migrations');
  for (const name of SUBGRAPHS) {
    const schema = `examples/subgraphs/${name}/schema.graphql`;
    lay(`example-${name}/schema.graphql`, schema);
    lay(`publish-examples/schemas/${name}.graphql`, schema);
  }
  for (const [name, source] of Object.entries(docsAssets())) lay(`platform/docs-assets/${name}`, source);
  writeFileSync(join(OUT, 'platform/openapi.json'), openApiDocument());
}

/** Lays a file or a folder where a function finds it, in place of what is there. */
function lay(target: string, source: string): void {
  rmSync(join(OUT, target), { recursive: true, force: true });
  cpSync(source, join(OUT, target), { recursive: true });
}

/** Every function into dist/functions/<name>/index.js, in one esbuild run. */
export async function buildFunctions(): Promise<void> {
  for (const folder of [OUT, LAZY]) rmSync(folder, { recursive: true, force: true });
  const options = { ...OPTIONS, plugins: [lazily], entryPoints: entryPoints(), outdir: '.', metafile: true as const };
  const { outputs } = (await build(options)).metafile;
  for (const file of Object.keys(outputs)) if (file.startsWith(OUT)) layLazy(outputs, file);
  layFiles();
}

if (require.main === module)
  buildFunctions().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
