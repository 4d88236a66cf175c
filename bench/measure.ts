/** What is measured: one call, or one that is awaited. */
export type Work = () => unknown;

export const say = (line = ''): void => void process.stdout.write(`${line}\n`);

export const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

const ROUNDS = 9;
const ROUND_MS = 120;
/** At each turn before the clock runs: the code of the one before is still in the caches, and its garbage in memory. */
const WARM_UP_MS = 20;
/** Calls between two looks at the clock. */
const BATCH = 16;

async function perSecond(work: Work, milliseconds: number): Promise<number> {
  const began = performance.now();
  let calls = 0;
  let elapsed = 0;
  do {
    for (let call = 0; call < BATCH; call += 1) {
      const result = work();
      if (result instanceof Promise) await result;
    }
    calls += BATCH;
    elapsed = performance.now() - began;
  } while (elapsed < milliseconds);
  return (calls * 1000) / elapsed;
}

interface Contender {
  readonly name: string;
  readonly work: Work;
  /** At least so many times the rate of the first contender. */
  readonly goal?: number;
}

/** Lets contenders run in turns, so that what else the machine does hits all alike, and prints medians beside the first's. */
export async function compare(title: string, contenders: readonly Contender[]): Promise<void> {
  const rates = contenders.map((): number[] => []);
  for (let round = -1; round < ROUNDS; round += 1)
    for (const [index, { work }] of contenders.entries()) {
      await perSecond(work, WARM_UP_MS);
      const rate = await perSecond(work, ROUND_MS);
      // The first round is for the compiler.
      if (round >= 0) rates[index]?.push(rate);
    }
  const medians = rates.map(median);
  say(title);
  for (const [index, { name, goal }] of contenders.entries()) {
    const rate = medians[index] ?? 0;
    row(name, `${count(rate)}/s`, rate / (medians[0] ?? 1), goal, (ratio, wanted) => ratio >= wanted);
  }
  say();
}

export const count = (value: number): string => Math.round(value).toLocaleString('en-US');

/** One line: what, how much, how it compares, and whether that reaches the goal. */
export function row(
  name: string,
  value: string,
  ratio: number | undefined,
  goal?: number,
  isReached: (ratio: number, goal: number) => boolean = (is, wanted) => is <= wanted,
): void {
  const times = ratio === undefined ? '' : `${ratio.toFixed(2)}x`;
  const sign = goal !== undefined && ratio !== undefined && isReached(ratio, goal) ? 'ok' : 'MISSED';
  const wanted = goal === undefined ? '' : `goal ${goal}x  ${sign}`;
  say(`  ${name.padEnd(54)}${value.padStart(16)}${times.padStart(9)}   ${wanted}`.trimEnd());
}
