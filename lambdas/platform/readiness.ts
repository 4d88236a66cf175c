import type * as z from 'zod/mini';
import type { Dependency } from './contract';

/** One thing the platform stands on. */
export interface Probe {
  readonly name: string;
  /** Without it nobody gets an answer. */
  readonly needed: boolean;
  /** Rejects, for whatever reason, when the dependency does not answer. */
  readonly check: () => Promise<unknown>;
}

export type DependencyState = z.output<typeof Dependency>;

export interface Probing {
  readonly probes: readonly Probe[];
  readonly deadlineMs: number;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
}

/** Asks all dependencies at once. A silent one is down at the deadline: no dependency can hold up the answer. */
export const probeAll = ({ probes, deadlineMs, now }: Probing): Promise<DependencyState[]> =>
  Promise.all(
    probes.map(async ({ name, needed, check }) => {
      const started = now();
      const state = await settled(check, deadlineMs);
      return { name, needed, state, latencyMs: Math.round(now() - started) };
    }),
  );

/** Why it is down stays here: a driver's message names hosts and users. */
async function settled(check: Probe['check'], deadlineMs: number): Promise<'up' | 'down'> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<'down'>((resolve) => {
    timer = setTimeout(() => resolve('down'), deadlineMs);
  });
  try {
    return await Promise.race([check().then(() => 'up' as const), deadline]);
  } catch {
    return 'down';
  } finally {
    clearTimeout(timer);
  }
}
