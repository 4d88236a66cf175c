import { auth } from './auth';
import { graph } from './graph';
import { guard } from './guard';
import { webhooks } from './webhooks';

/** `npm run bench -- <name>`: prints what is measured side by side in one run, as ratios with their goals. */
const BENCHES: Readonly<Record<string, () => Promise<void>>> = { auth, graph, guard, webhooks };

const [name = ''] = process.argv.slice(2);
const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
const run = bench ?? (() => Promise.reject(new Error(`npm run bench -- ${Object.keys(BENCHES).join(' | ')}`)));

run().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
