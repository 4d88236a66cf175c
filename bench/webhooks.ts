import { posts } from './webhooks/posts';

/** What is measured of webhooks, one after the other. */
const PARTS: readonly (() => Promise<void>)[] = [posts];

export async function webhooks(): Promise<void> {
  for (const part of PARTS) await part();
}
