import { median, row, say } from '../measure';
import { printCalls, sameAnswers } from './answers';
import { DEEP_OPERATION, MEDIUM_OPERATION, type Operation, SMALL_OPERATION } from './operations';
import type { Contender, Subgraphs } from './processes';
import type { Turn } from './turn';

const ROUNDS = 5;
/** Turns before those that count: for the compiler. */
const WARM_UPS = 3;
/** Where Apollo makes 16. */
const MOST_CALLS = 11;

/** As much of ours as the others do. */
export const OURS = 'Gatehouse';
export const GUARDED = 'Gatehouse, with its guard and signatures';
export const APOLLO = 'Apollo Gateway';
export const HIVE = 'Hive Gateway, planner in Rust';
export const TOOLS = '@graphql-tools/federation';

export interface Bench {
  /** Ours first. */
  readonly contenders: readonly Contender[];
  readonly subgraphs: Subgraphs;
  /** Done before each turn, and not measured. */
  refill(): Promise<void>;
}

/** Most of the CPU of others that ours may take, by their names. */
type Shares = Readonly<Record<string, number>>;

interface Race {
  readonly operation: Operation;
  readonly shares: Shares;
}

const TO_ALL = { [APOLLO]: 0.25, [HIVE]: 0.45 };

/** What is measured of processes that have answered before. */
export async function warm(bench: Bench): Promise<void> {
  printCalls(await sameAnswers(bench, DEEP_OPERATION), MOST_CALLS);
  await race(bench, { operation: DEEP_OPERATION, shares: TO_ALL });
  printCalls(await sameAnswers(bench, MEDIUM_OPERATION));
  await race(bench, { operation: MEDIUM_OPERATION, shares: {} });
  printCalls(await sameAnswers(bench, SMALL_OPERATION));
  await race(bench, { operation: SMALL_OPERATION, shares: { ...TO_ALL, [APOLLO]: 0.15 } });
}

/** Contenders in turns, so that what else the machine does hits all alike; medians of the rounds. */
async function race({ contenders, refill }: Bench, { operation, shares }: Race): Promise<void> {
  const { body, count } = operation;
  const turns = new Map(contenders.map(({ name }): [string, Turn[]] => [name, []]));
  for (let round = -WARM_UPS; round < ROUNDS; round += 1)
    for (const contender of contenders) {
      await refill();
      const turn = await contender.take({ body, count });
      if (round >= 0) turns.get(contender.name)?.push(turn);
    }
  const of = (name: string, member: 'cpuMs' | 'p50Ms' | 'p99Ms') =>
    median((turns.get(name) ?? []).map((turn) => turn[member]));
  say(`  one request after the other, ${ROUNDS} turns of ${count} each`);
  for (const { name } of contenders) {
    const times = `p50 ${of(name, 'p50Ms').toFixed(1)}, p99 ${of(name, 'p99Ms').toFixed(1)} ms`;
    row(`${name}: ${times}`, `${of(name, 'cpuMs').toFixed(2)} ms CPU`, of(name, 'cpuMs') / of(OURS, 'cpuMs'));
  }
  const degraded = (turns.get(GUARDED) ?? []).reduce((sum, turn) => sum + turn.degraded, 0);
  if (degraded > 0) say(`    Redis was late for ${degraded} requests of ours, which were judged without it`);
  for (const ours of [OURS, GUARDED]) {
    for (const [name, most] of Object.entries(shares))
      row(`  CPU of ${ours} beside ${name}`, '', of(ours, 'cpuMs') / of(name, 'cpuMs'), most);
    row(`  p99 of ${ours} beside the p50 of ${APOLLO}`, '', of(ours, 'p99Ms') / of(APOLLO, 'p50Ms'), 1);
  }
  say();
}
