import { boundAndCold } from './cold-start';
import { guard } from './guard';
import { keys } from './keys';
import { say } from './measure';
import { tokens } from './tokens';

/** What it costs to know who calls and what they may do. */
export async function auth(): Promise<void> {
  say(`node ${process.version}, ${process.platform} ${process.arch}; medians of alternating rounds\n`);
  await tokens();
  await keys();
  await guard();
  await boundAndCold();
}
