import { median, row, say } from './measure';

const ROUNDS = 40;
const CALLS_A_ROUND = 250;
const WARM_UP = 500;

interface Contender {
  readonly name: string;
  /** What it returns is done after each call, and not timed: what nobody waits for. */
  readonly work: () => Promise<unknown>;
  /** At most so many times the p50 of the contender of this name. */
  readonly goal?: { readonly of: string; readonly times: number };
}

/**
 * Lets contenders run in turns, one call after the other, and prints the p50 and p99 of each call's time: so that what else
 * the machine does hits all alike.
 */
export async function compareLatencies(title: string, contenders: readonly Contender[]): Promise<void> {
  const times = contenders.map((): number[] => []);
  for (const { work } of contenders) for (let call = 0; call < WARM_UP; call += 1) await work();
  for (let round = 0; round < ROUNDS; round += 1)
    for (const [index, { work }] of contenders.entries())
      for (let call = 0; call < CALLS_A_ROUND; call += 1) {
        const began = performance.now();
        const after = await work();
        times[index]?.push(performance.now() - began);
        if (typeof after === 'function') await after();
      }
  const sorted = times.map((each) => each.toSorted((a, b) => a - b));
  const p50 = new Map(contenders.map(({ name }, index) => [name, median(sorted[index] ?? [])]));
  const first = p50.get(contenders[0]?.name ?? '') ?? 1;
  say(title);
  for (const [index, { name, goal }] of contenders.entries()) {
    const mine = p50.get(name) ?? 0;
    const p99 = sorted[index]?.[Math.floor(ROUNDS * CALLS_A_ROUND * 0.99)] ?? 0;
    row(name, `${micro(mine)} p99 ${micro(p99)}`, mine / first);
    if (goal) row(`  beside: ${goal.of}`, '', mine / (p50.get(goal.of) ?? 1), goal.times);
  }
  say();
}

const micro = (milliseconds: number) => `${Math.round(milliseconds * 1000)} µs`;
