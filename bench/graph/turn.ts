import * as z from 'zod/mini';

/** What a contender's process is told to do. */
export const Task = z.object({ body: z.string(), count: z.int(), atOnce: z.int() });
export type Task = z.output<typeof Task>;

/** What it measured. */
export const Turn = z.object({
  /** User and system time of the whole process, by request. */
  cpuMs: z.number(),
  p50Ms: z.number(),
  p99Ms: z.number(),
  /** The last answer. */
  text: z.string(),
  /** Of Hive: whether its plans were made in Rust. */
  isNative: z.optional(z.boolean()),
});
export type Turn = z.output<typeof Turn>;
