import * as z from 'zod/mini';
import { eventText } from './event';
import { Task, type Turn } from './turn';

/*
 * The process of one contender: loads it, and for each message asks it some times, one after the other, as an environment
 * of Lambda is asked. The contender is a Lambda function that gets API Gateway's events, or a module that answers to the
 * body of a request.
 */

type Ask = (body: string) => Promise<string>;

interface Result {
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly body: string;
}
/** No schema: what looks at answers is counted with what answers. */
const isResult = (value: unknown): value is Result =>
  typeof value === 'object' &&
  value !== null &&
  'statusCode' in value &&
  value.statusCode === 200 &&
  'body' in value &&
  typeof value.body === 'string';
const Module = z.looseObject({
  handler: z.optional(z.custom<(event: unknown, context: object) => Promise<unknown>>()),
  ask: z.optional(z.custom<Ask>()),
  plansInRust: z.optional(z.custom<() => number>()),
});

let degraded = 0;

async function contender() {
  const loaded: unknown = await import(process.env.CONTENDER ?? '');
  const { handler, ask, plansInRust } = Module.parse(loaded);
  if (ask) return { ask, plansInRust };
  if (!handler) throw new Error('a contender has a handler, or can be asked');
  const events = new Map<string, string>();
  const invoke: Ask = async (body) => {
    const text = events.get(body) ?? eventText(body);
    events.set(body, text);
    const result = await handler(JSON.parse(text), { awsRequestId: 'bench' });
    if (!isResult(result)) throw new Error(`no answer: ${JSON.stringify(result)}`);
    if (result.headers?.['x-ratelimit-mode'] === 'degraded') degraded += 1;
    return result.body;
  };
  return { ask: invoke, plansInRust };
}

const at = (sorted: readonly number[], share: number) => sorted[Math.floor(sorted.length * share)] ?? 0;

async function take(ask: Ask, { body, count }: Task): Promise<Turn> {
  const times: number[] = [];
  let text = '';
  degraded = 0;
  const before = process.cpuUsage();
  for (let call = 0; call < count; call += 1) {
    const began = performance.now();
    text = await ask(body);
    times.push(performance.now() - began);
  }
  const { user, system } = process.cpuUsage(before);
  const sorted = times.toSorted((a, b) => a - b);
  const cpuMs = (user + system) / 1000 / count;
  return { cpuMs, p50Ms: at(sorted, 0.5), p99Ms: at(sorted, 0.99), text, degraded };
}

const loading = contender();
process.on('message', (message) => {
  loading
    .then(async ({ ask, plansInRust }) => ({ ...(await take(ask, Task.parse(message))), plansInRust: plansInRust?.() }))
    .then(
      (turn) => process.send?.(turn),
      (error: unknown) => process.send?.({ failed: error instanceof Error ? error.stack : String(error) }),
    );
});
process.on('disconnect', () => process.exit(0));
