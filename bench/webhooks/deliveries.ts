import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import * as z from 'zod/mini';
import { buildFunctions } from '../../bin/build';
import { keptSecret } from '../../lambdas/shared/stores/secrets';
import { eventId, hashOf } from '../../lambdas/webhooks/records/event';
import { messageText } from '../../lambdas/webhooks/records/message';
import { type Content, sealed, sealingOf } from '../../lambdas/webhooks/registration/sealed';
import { newSigningKeys } from '../../lambdas/webhooks/signing/secrets';
import { endpointsIn } from '../../lambdas/webhooks/stores/endpoints';
import { tableOf } from '../../lambdas/webhooks/stores/table';
import { endpointRecord } from '../../test/support/webhook-records';
import {
  KEYS_SECRET,
  LOG_TABLE,
  QUEUES,
  queueUrl,
  SETTINGS_TABLE,
  startWebhookStores,
} from '../../test/support/webhooks';
import { count, median, row, say } from '../measure';

const BUNDLE = resolve('dist/functions/deliver/index.js');
/** A payload as tenants send them. */
const PAYLOAD = JSON.stringify({ type: 'invoice.paid', data: { id: 'in_1', lines: 'x'.repeat(900) } });
/** As the event source of lib/webhooks.ts has it. */
const BATCH = 10;
const BATCHES = 100;
const ROUNDS = 9;
const MOST_CPU = 1.5;

const organisation = randomUUID();
const endpoint = `we_${'a'.repeat(20)}`;

const OURS: NodeJS.ProcessEnv = {
  FUNCTION: BUNDLE,
  WEBHOOKS_TABLE: SETTINGS_TABLE,
  WEBHOOK_LOG_TABLE: LOG_TABLE,
  DELIVERIES_QUEUE: queueUrl(QUEUES.deliveries),
  RETRIES_QUEUE: queueUrl(QUEUES.retries),
  BULK_QUEUE: queueUrl(QUEUES.bulk),
  WEBHOOK_KEYS_SECRET: KEYS_SECRET,
  PRIVATE_TARGETS: 'on',
  TARGET_PORTS: 'any',
};

async function register(url: string): Promise<void> {
  const place = { organisation, id: endpoint };
  const content: Content = { keys: newSigningKeys(), authentication: { kind: 'none' } };
  const envelope = await sealingOf(keptSecret(KEYS_SECRET))();
  await endpointsIn(tableOf(SETTINGS_TABLE)).put(
    endpointRecord({ ...place, url, sealed: sealed(envelope, place, content) }),
  );
}

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

async function take(child: ChildProcess, url: string, make: () => string): Promise<z.output<typeof Turn>> {
  child.send({ url, batches: batchesOf(make) });
  const [answer] = await once(child, 'message');
  const { data } = Failed.safeParse(answer);
  if (data) throw new Error(data.failed);
  return Turn.parse(answer);
}

/** The function that sends, with its log, beside a loop that only POSTs. */
export async function deliveries(): Promise<void> {
  if (!existsSync(BUNDLE)) await buildFunctions();
  const aws = await startWebhookStores();
  const sink = fork('bench/webhooks/sink.mjs', { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const [port] = z.tuple([z.int(), z.unknown()]).parse(await once(sink, 'message'));
  const url = `http://127.0.0.1:${port}/hook`;
  await register(url);
  const contenders = [
    { name: 'undici: a bare loop of POSTs', child: await started({}), make: () => PAYLOAD },
    { name: 'Gatehouse: the function that sends, logging', child: await started(OURS), make: message },
  ];
  try {
    const turns = contenders.map((): z.output<typeof Turn>[] => []);
    // In turns, so that what else the machine does hits all alike. The first two are for the compiler.
    for (let round = -2; round < ROUNDS; round += 1)
      for (const [index, { child, make }] of contenders.entries()) {
        const turn = await take(child, url, make);
        if (round >= 0) turns[index]?.push(turn);
      }
    print(contenders.map(({ name }, index) => ({ name, turns: turns[index] ?? [] })));
  } finally {
    for (const { child } of contenders) child.disconnect();
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
  for (const [index, { name }] of contenders.entries()) {
    row(
      name,
      `${(cpu[index] ?? 0).toFixed(0)} us CPU`,
      (cpu[index] ?? 0) / (cpu[0] ?? 1),
      index === 1 ? MOST_CPU : undefined,
    );
    row('  deliveries', `${count(rates[index] ?? 0)}/s`, undefined);
  }
  say();
}
