import * as z from 'zod/mini';

/** What a contender's process is told to do. */
export const Task = z.object({ body: z.string(), count: z.int() });
export type Task = z.output<typeof Task>;

/** What it measured. */
export const Turn = z.object({
  /** User and system time of the whole process, by request. */
  cpuMs: z.number(),
  p50Ms: z.number(),
  p99Ms: z.number(),
  /** The last answer. */
  text: z.string(),
  /** Of ours: how many requests were judged without Redis, which did not answer in time. That costs less. */
  degraded: z.int(),
  /** Of Hive: how many plans its process has had of the planner in Rust. */
  plansInRust: z.optional(z.int()),
});
export type Turn = z.output<typeof Turn>;
