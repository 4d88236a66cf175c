import { readFileSync } from 'node:fs';
import * as z from 'zod/mini';

const CdkJson = z.object({ context: z.record(z.string(), z.unknown()) });

/** `npm run synth -- [stage] [folder]`: the templates of a stage, as `cdk synth` writes them, without starting the CLI. */
const [stage = 'local', folder = 'cdk.out'] = process.argv.slice(2);
const { context } = CdkJson.parse(JSON.parse(readFileSync('cdk.json', 'utf8')));
process.env.CDK_CONTEXT_JSON = JSON.stringify({ ...context, stage, nag: process.argv.includes('--nag') });
process.env.CDK_OUTDIR = folder;
void import('./gatehouse');
