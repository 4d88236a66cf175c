import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { resolve } from 'node:path';
import * as z from 'zod/mini';
import { buildFunctions } from '../../bin/build';
import { eventId, hashOf } from '../../lambdas/webhooks/records/event';
import { messageText } from '../../lambdas/webhooks/records/message';
import { startWebhookStores } from '../../test/support/webhooks';
import { count, median, row, say } from '../measure';
import { DELIVER_ENV, register } from './endpoint';

const BUNDLE = resolve('dist/functions/deliver/index.js');
/** A payload as tenants send them. */
const PAYLOAD = JSON.stringify({ type: 'invoice.paid', data: { id: 'in_1', lines: 'x'.repeat(900) } });
/** As the event source of lib/webhooks.ts has it. */
const BATCH = 10;
const BATCHES = 100;
const ROUNDS = 9;
const MOST_CPU = 1.5;
const OURS = 'Gatehouse: the function that sends, logging';
const PACED = 'undici: the same loop at the pace of ours';

const organisation = randomUUID();
const endpoint = `we_${'a'.repeat(20)}`;

/** Of a new event each: what has been delivered would not be sent again. */
const message = () =>
  messageText({
    organisation,
    endpoint,
    event: eventId(Date.now(), hashOf(organisation, undefined)),
    number: 1,
    trigger: 'event',
    type: 'invoice.paid',
    expiresAtSeconds: 2_000_000_000,
    body: PAYLOAD,
  });

const batchesOf = (make: () => string) => Array.from({ length: BATCHES }, () => Array.from({ length: BATCH }, make));

const Turn = z.object({ cpuMs: z.number(), elapsedMs: z.number() });
const Failed = z.object({ failed: z.string() });

async function started(env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const child = fork('bench/webhooks/worker.mjs', {
    execArgv: [],
    env: { ...process.env, NODE_ENV: 'production', ...env },
    // What a function logs goes nowhere; what has failed comes as a message.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  await once(child, 'message');
  return child;
}

async function take({ child, make }: Contender, url: string, overMs?: number): Promise<z.output<typeof Turn>> {
  child.send({ url, batches: batchesOf(make), overMs });
  const [answer] = await once(child, 'message');
  const { data } = Failed.safeParse(answer);
  if (data) throw new Error(data.failed);
  return Turn.parse(answer);
}

interface Contender {
  readonly name: string;
  readonly child: ChildProcess;
  make(): string;
  /** In as much time as the turn before it, which was another's. */
  readonly isPaced?: boolean;
}

/**
 * The function that sends, with its log, beside a loop that only POSTs: as fast as that may be, when one wake of the process
 * is for many answers, and at the pace of the function, which waits for its log.
 */
export async function deliveries(): Promise<void> {
  await buildFunctions();
  const aws = await startWebhookStores();
  const sink = fork('bench/webhooks/sink.mjs', { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const [port] = z.tuple([z.int(), z.unknown()]).parse(await once(sink, 'message'));
  const url = `http://127.0.0.1:${port}/hook`;
  await register({ organisation, id: endpoint }, url);
  const loop = { child: await started({}), make: () => PAYLOAD };
  const ours = await started({ FUNCTION: BUNDLE, ...DELIVER_ENV });
  const contenders: readonly Contender[] = [
    { name: 'undici: a bare loop of POSTs', ...loop },
    { name: OURS, child: ours, make: message },
    { name: PACED, ...loop, isPaced: true },
  ];
  try {
    const turns = contenders.map((): z.output<typeof Turn>[] => []);
    // In turns, so that what else the machine does hits all alike. The first two are for the compiler.
    for (let round = -2; round < ROUNDS; round += 1) {
      let lastedMs = 0;
      for (const [index, contender] of contenders.entries()) {
        const turn = await take(contender, url, contender.isPaced ? lastedMs : undefined);
        lastedMs = turn.elapsedMs;
        if (round >= 0) turns[index]?.push(turn);
      }
    }
    print(contenders.map(({ name }, index) => ({ name, turns: turns[index] ?? [] })));
  } finally {
    for (const child of [loop.child, ours]) child.disconnect();
    sink.disconnect();
    await aws.stop();
  }
}

function print(contenders: readonly { name: string; turns: readonly z.output<typeof Turn>[] }[]): void {
  const each = BATCH * BATCHES;
  const cpu = contenders.map(({ turns }) => median(turns.map(({ cpuMs }) => (cpuMs * 1000) / each)));
  const rates = contenders.map(({ turns }) => median(turns.map(({ elapsedMs }) => (each * 1000) / elapsedMs)));
  say(
    `Deliveries of ${count(PAYLOAD.length)} bytes, batches of ${BATCH}, three at a time; CPU of the sender's process alone`,
  );
  const [bare = 1, ours = 0, paced = 1] = cpu;
  for (const [index, { name }] of contenders.entries()) {
    row(name, `${(cpu[index] ?? 0).toFixed(0)} us CPU`, (cpu[index] ?? 0) / bare);
    row('  deliveries', `${count(rates[index] ?? 0)}/s`, undefined);
  }
  row('  of ours, beside the loop as fast as it may be', '', ours / bare, MOST_CPU);
  row('  of ours, beside the loop at the same pace', '', ours / paced, MOST_CPU);
  say();
}
