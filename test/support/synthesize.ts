import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import * as z from 'zod/mini';
import { buildFunctions } from '../../bin/build';
import { gatehouse } from '../../lib/gatehouse';
import { type Stage, type StageName, stageOf } from '../../lib/stages';
import { Deployed } from './template';

const FUNCTIONS = 'dist/functions';
const CdkJson = z.object({ context: z.record(z.string(), z.unknown()) });
const { context } = CdkJson.parse(JSON.parse(readFileSync('cdk.json', 'utf8')));

/** Builds the functions when nobody has. Test files run side by side: the first to rename wins, the others' go. */
export async function builtFunctions(): Promise<void> {
  if (existsSync(FUNCTIONS)) return;
  mkdirSync('dist', { recursive: true });
  const folder = mkdtempSync('dist/functions-');
  await buildFunctions(folder);
  try {
    renameSync(folder, FUNCTIONS);
  } catch {
    rmSync(folder, { recursive: true });
  }
}

/** Every template of a stage, as `cdk deploy` would send them. The functions must be built. */
export function synthesize(stage: Stage, prefix?: string): Deployed {
  const outdir = mkdtempSync(join(tmpdir(), 'gatehouse-synth-'));
  try {
    const app = new App({ autoSynth: false, outdir, context });
    gatehouse(app, stage, prefix);
    return new Deployed(app.synth().stacks);
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

/** The templates of all four stages; builds the functions first when nobody has. */
export async function everyStage(): Promise<Readonly<Record<StageName, Deployed>>> {
  await builtFunctions();
  const of = (name: StageName) => synthesize(stageOf(name));
  return { local: of('local'), dev: of('dev'), staging: of('staging'), prod: of('prod') };
}
