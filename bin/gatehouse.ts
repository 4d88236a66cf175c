import { App, Validations } from 'aws-cdk-lib';
import { gatehouse } from '../lib/gatehouse';
import { stageOf } from '../lib/stages';

/** The CDK app. `-c stage=` says which stage, `-c prefix=` names a second copy, `-c nag=true` adds the rule packs. */
async function main(): Promise<void> {
  const app = new App({ autoSynth: false });
  gatehouse(app, stageOf(app.node.getContext('stage')), app.node.tryGetContext('prefix'));
  if (app.node.tryGetContext('nag')) {
    const { AwsSolutionsChecks, ServerlessChecks } = await import('cdk-nag');
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
  }
  app.synth();
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
