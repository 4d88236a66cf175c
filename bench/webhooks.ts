import { say } from './measure';
import { deliveries } from './webhooks/deliveries';
import { filters } from './webhooks/filters';
import { pipeline } from './webhooks/pipeline';
import { posts } from './webhooks/posts';

/** The parts of this area, in the order they are printed: each is one more line here. */
const PARTS: readonly (() => Promise<void>)[] = [filters, posts, deliveries, pipeline];

/** What a webhook costs, part by part. */
export async function webhooks(): Promise<void> {
  say(`Node ${process.version}`);
  say();
  for (const part of PARTS) await part();
}
