import { readFileSync, rmSync } from 'node:fs';
import { App } from 'aws-cdk-lib';
import * as z from 'zod/mini';
import { gatehouse } from '../../lib/gatehouse';
import { type Stage, type StageName, stageOf } from '../../lib/stages';
import { Deployed } from './template';
import { temporaryFolder } from './temporary-folder';

const CdkJson = z.object({ context: z.record(z.string(), z.unknown()) });
const { context } = CdkJson.parse(JSON.parse(readFileSync('cdk.json', 'utf8')));

/** Every template of a stage, as `cdk deploy` would send them. The functions must be built. */
export function synthesize(stage: Stage, prefix?: string): Deployed {
  const outdir = temporaryFolder('gatehouse-synth-');
  try {
    const app = new App({ autoSynth: false, outdir, context });
    gatehouse(app, stage, prefix);
    return new Deployed(app.synth().stacks);
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

const made = new Map<StageName, Deployed>();

function once(name: StageName): Deployed {
  const deployed = made.get(name) ?? synthesize(stageOf(name));
  made.set(name, deployed);
  return deployed;
}

/** The templates of each stage, synthesized when a test first asks for them: half a second each. */
export const stages: Readonly<Record<StageName, Deployed>> = {
  get local() {
    return once('local');
  },
  get dev() {
    return once('dev');
  },
  get staging() {
    return once('staging');
  },
  get prod() {
    return once('prod');
  },
};
