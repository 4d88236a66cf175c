import * as z from 'zod/mini';
import { fromJson } from '../../lambdas/shared/json';
import { count, row, say } from '../measure';
import type { Operation } from './operations';
import type { Calls, Contender, Subgraphs } from './processes';
import { SUBGRAPHS } from './shop';

const Answer = z.pipe(fromJson, z.object({ data: z.looseObject({}), errors: z.optional(z.undefined()) }));

/** `data` as JSON, its members in the order that they were sent in: white space and extensions are no part of it. */
function dataOf(text: string): string {
  const answer = Answer.safeParse(text);
  if (!answer.success) throw new Error(`no answer without errors: ${text.slice(0, MOST_SHOWN)}`);
  return JSON.stringify(answer.data.data);
}

const MOST_SHOWN = 1_000;

interface Asked {
  readonly contenders: readonly Contender[];
  readonly subgraphs: Subgraphs;
}

/** How many requests calls are counted of: which fetches meet is a matter of who answers when. */
const COUNTED = 20;

/** Calls of subgraphs by request and contender. Throws unless all contenders answer the same, byte for byte. */
export async function sameAnswers({ contenders, subgraphs }: Asked, { name, body }: Operation) {
  const calls = new Map<string, Calls>();
  let first: string | undefined;
  for (const contender of contenders) {
    // Once before, as some ask subgraphs for more when they start.
    await contender.take({ body, count: 1 });
    await subgraphs.calls();
    const { text, plansInRust } = await contender.take({ body, count: COUNTED });
    calls.set(contender.name, byRequest(await subgraphs.calls()));
    if (plansInRust === 0) throw new Error(`${contender.name} has made no plan in Rust`);
    const data = dataOf(text);
    first ??= data;
    if (data !== first) throw new Error(`${contender.name} answers otherwise: ${difference(first, data)}`);
  }
  say(`The ${name} operation: all answer the same ${count(Buffer.byteLength(first ?? ''))} bytes of data`);
  return calls;
}

const byRequest = (counted: Calls): Calls =>
  Object.fromEntries(
    Object.entries(counted).map(([subgraph, calls]) => [subgraph, Math.round((calls * 10) / COUNTED) / 10]),
  );

const AROUND = 60;

function difference(expected: string, found: string): string {
  let at = 0;
  while (at < expected.length && expected[at] === found[at]) at += 1;
  const part = (text: string) => text.slice(Math.max(0, at - AROUND), at + AROUND);
  return `at ${at}\n  ${part(expected)}\n  ${part(found)}`;
}

const total = (calls: Calls) => Object.values(calls).reduce((sum, each) => sum + each, 0);

/** @param most how many calls the first contender shall make at most */
export function printCalls(calls: ReadonlyMap<string, Calls>, most?: number): void {
  const [mine = 0] = [...calls.values()].map(total);
  say(`  calls of ${SUBGRAPHS.join(' + ')}`);
  for (const [name, each] of calls)
    row(name, `${SUBGRAPHS.map((subgraph) => each[subgraph] ?? 0).join(' + ')} = ${total(each).toFixed(1)}`, undefined);
  if (most !== undefined) row(`  of ours, beside the ${most} that it may make`, '', mine / most, 1);
}
