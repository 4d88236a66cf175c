import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { build } from 'esbuild';
import * as z from 'zod/mini';
import { buildFunctions, lazily, OPTIONS } from '../../bin/build';
import { fromJson } from '../../lambdas/shared/json';

const OUT = resolve('dist/bench/graph');
const PEERS = resolve('bench/graph/peers');
const OURS = resolve('dist/functions/graph');

export const FILES = {
  ours: `${OUT}/ours/index.js`,
  unguarded: `${OUT}/ours/unguarded.js`,
  apollo: `${OUT}/apollo/index.js`,
  hive: `${PEERS}/hive.mjs`,
  tools: `${PEERS}/tools.mjs`,
  runner: `${OUT}/runner.js`,
  subgraphs: `${OUT}/subgraphs.js`,
  supergraph: `${OUT}/supergraph.graphql`,
} as const;

/** Installs what we are measured beside, where that has not been done, and builds what runs in processes of its own. */
export async function prepare(): Promise<void> {
  if (!existsSync(`${PEERS}/node_modules`))
    execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: PEERS,
      stdio: 'inherit',
    });
  await buildFunctions();
  rmSync(OUT, { recursive: true, force: true });
  mkdirSync(OUT, { recursive: true });
  cpSync(OURS, `${OUT}/ours`, { recursive: true });
  // Beside the function: it loads the same planner.
  await bundle('bench/graph/unguarded.ts', FILES.unguarded);
  await bundle('bench/graph/runner.ts', FILES.runner);
  await bundle('bench/graph/subgraphs.ts', FILES.subgraphs);
  await bundle(`${PEERS}/apollo.mjs`, FILES.apollo);
}

/** As our functions are bundled. */
const bundle = (entry: string, outfile: string) =>
  build({ ...OPTIONS, plugins: [lazily], entryPoints: [entry], outfile });

const Package = z.pipe(fromJson, z.object({ dependencies: z.record(z.string(), z.string()) }));

/** What ours is measured beside, as it is installed. */
export const peers = (): string[] =>
  Object.entries(Package.parse(readFileSync(`${PEERS}/package.json`, 'utf8')).dependencies).map(
    ([name, version]) => `${name} ${version}`,
  );

/** Lays the supergraph where each contender reads it. */
export function laySupergraph(text: string): void {
  for (const file of [FILES.supergraph, `${OUT}/apollo/supergraph.graphql`]) writeFileSync(file, text);
}

export const sizeOf = (file: string): number => statSync(file).size;
