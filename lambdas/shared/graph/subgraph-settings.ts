import * as z from 'zod/mini';

/** How a subgraph is asked. What is left out is as everywhere. */
export const SubgraphSettings = z.object({
  /** For one answer, whole. */
  timeoutMs: z.optional(z.int()),
  maxAnswerBytes: z.optional(z.int()),
  /** Headers of the caller that are sent along, in lower case and sorted. */
  forwardHeaders: z.optional(z.array(z.string())),
  /** Whether it is told who asks, by a signed token. */
  principal: z.optional(z.boolean()),
});
export type SubgraphSettings = z.output<typeof SubgraphSettings>;

/** These settings and nothing else of what holds them. */
export const settingsIn = (holder: SubgraphSettings): SubgraphSettings => SubgraphSettings.parse(holder);

/** Below the gateway's 29 s, so that what other subgraphs answered still reaches the caller. */
export const TIMEOUT_MS = 10_000;
/** More than a caller could be answered with: Lambda hands on 6 MB. */
export const MOST_ANSWER_BYTES = 16 * 1024 * 1024;
