import type { Tools } from './powertools.lazy';

/** The first dimension of every metric: an alarm must name all of a metric's dimensions, `service` and `function`. */
const SERVICE = 'gatehouse';

let tools: Tools | undefined;

/** 8 ms of a cold start, for what most environments never need: they log requests, and count nothing. */
export async function loadTools(): Promise<Tools> {
  const { toolsOf } = await import('./powertools.lazy');
  tools ??= toolsOf(SERVICE);
  return tools;
}

/** At once, but for the first time: some microtasks later. */
function withTools(use: (tools: Tools) => void): void {
  if (tools) use(tools);
  else void loadTools().then(use);
}

type Level = 'info' | 'warn' | 'error';
type Fields = Readonly<Record<string, unknown>>;

/** Structured JSON lines to CloudWatch. Never handed a whole event, a header or a token: each line names its fields. */
export const logger = {
  info(message: string, fields: Fields): void {
    const line = isLevelSet ? undefined : plainLine(message, fields);
    if (line === undefined) log('info', message, fields);
    else process.stdout.write(line);
  },
  warn: (message: string, fields: Fields): void => log('warn', message, fields),
  error: (message: string, fields: Fields): void => log('error', message, fields),
};

/** Then powertools says what is written. Both are there from the start of an environment to its end. */
const isLevelSet = [process.env.AWS_LAMBDA_LOG_LEVEL, process.env.POWERTOOLS_LOG_LEVEL].some(Boolean);

const log = (level: Level, message: string, fields: Fields): void =>
  withTools((loaded) => loaded.log(level, message, fields));

/** What powertools puts into its lines itself, or would. */
const RESERVED = new Set(['level', 'message', 'timestamp', 'service', 'sampling_rate', 'xray_trace_id']);

/**
 * The line that powertools would write, as text at once, without its copies of copies: 2 µs in place of 25. Nothing where a
 * field is more than a word or a number. A test holds both lines against each other.
 */
function plainLine(message: string, fields: Fields): string | undefined {
  if (message === '' || fields instanceof Error) return undefined;
  let told = '';
  for (const name in fields) {
    const value = fields[name];
    if (value === undefined || value === null || value === '') continue;
    if (RESERVED.has(name) || (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean'))
      return undefined;
    told += `,${JSON.stringify(name)}:${JSON.stringify(value)}`;
  }
  const before = `{"level":"INFO","message":${JSON.stringify(message)},"timestamp":"${new Date().toISOString()}"`;
  return `${before},"service":"${SERVICE}","sampling_rate":0${trace()}${told}}\n`;
}

/** The root of the invocation's trace, where X-Ray has one. */
function trace(): string {
  const { _X_AMZN_TRACE_ID: header } = process.env;
  const root = header && (header.includes('=') ? /(?:^|;)Root=([^;]*)/.exec(header)?.[1] : header);
  return root ? `,"xray_trace_id":${JSON.stringify(root)}` : '';
}

/**
 * Counts an answer that was our own fault. `serve()` turns every exception into a 500, so Lambda's own error metric
 * would stay at zero; the function's alarm adds this one to it.
 */
export const countFault = (): void => count('Faults', 1);

/** Counts what tenants are told of their webhooks, so that whoever operates the platform sees it too. */
export const countWebhook = (what: 'EndpointFailing' | 'EndpointDisabled' | 'DeliveryExhausted'): void =>
  count(`Webhook${what}`, 1);

const EVERY_MS = 1_000;

/** A counter that is told once a second: what many requests have in common must not fill the log. */
function seldom(name: string): () => void {
  let counted = 0;
  let toldAtMs = Number.NEGATIVE_INFINITY;
  return () => {
    counted += 1;
    if (performance.now() - toldAtMs < EVERY_MS) return;
    toldAtMs = performance.now();
    count(name, counted);
    counted = 0;
  };
}

/** Counts each time that a subgraph is found away, while it is, and each time that it is found back. */
export const countSubgraph = (state: 'away' | 'back'): void =>
  count(state === 'away' ? 'SubgraphAway' : 'SubgraphBack', 1);

/** Counts a request that was judged without Redis (shared/limits). */
export const countDegraded = seldom('Degraded');

/** Counts a GraphQL document over a limit that was run all the same: enforced, it would have been refused. */
export const countOverLimit = seldom('DocumentsOverLimit');

/** Counts a GraphQL operation that was run although its caller's limits do not hold what it costs. */
export const countOverBudget = seldom('OperationsOverBudget');

/** Counts a GraphQL document that no client has published, and that was run all the same. */
export const countUnknownDocument = seldom('UnknownDocuments');

const count = (name: string, value: number): void =>
  withTools((loaded) => loaded.count(name, value, process.env.AWS_LAMBDA_FUNCTION_NAME ?? 'none'));
