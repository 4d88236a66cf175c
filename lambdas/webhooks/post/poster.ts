import { type ConnectOptions, openConnect, type Place } from './connect';
import type { Connection } from './connection';
import { type Connections, keepConnections } from './connections';
import { type Answer, Exchange, unsent } from './exchange';
import { faultOf, type Outcome, PostFault, retryAfterOf, type Times } from './outcome';
import { faultInTarget, type TargetPolicy } from './target';

export interface PostRequest {
  readonly url: string;
  /** All of them but `Host` and `Content-Length`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  /** For the whole attempt. @default 15,000 */
  readonly timeoutMs?: number | undefined;
  readonly policy: TargetPolicy;
  /**
   * Whether sending it twice does no harm, should a kept connection turn out to be closed.
   * @default with a `webhook-id`, by which a receiver knows that it has it already
   */
  readonly isRepeatable?: boolean | undefined;
}

/** One attempt. Never rejects, and follows no redirect. */
export type Post = (request: PostRequest) => Promise<Outcome>;

export interface PosterOptions extends ConnectOptions {
  /** What `Retry-After` dates are compared with, and how long connections are idle. @default Date.now */
  readonly nowMs?: (() => number) | undefined;
  /** Connections that are kept without a request under way. @default 256 */
  readonly mostIdle?: number | undefined;
  /** Of those, to one origin. @default 32 */
  readonly mostIdleOfOrigin?: number | undefined;
}

export interface Poster {
  readonly post: Post;
  /** Ends what is idle. */
  close(): void;
}

const TIMEOUT_MS = 15_000;

/** Sends to addresses that tenants have named, by connections that are kept. */
export function openPoster(options: PosterOptions = {}): Poster {
  const { nowMs = Date.now, mostIdle = 256, mostIdleOfOrigin = 32 } = options;
  const connect = openConnect(options);
  const connections = keepConnections({ connect, nowMs, mostIdle, mostIdleOfOrigin });
  return {
    async post(request) {
      const began = performance.now();
      const fault = faultInTarget(request.url, request.policy);
      const { answer, isRepeated } =
        fault === undefined
          ? await answered(request, connections).catch(failed)
          : { answer: unsent(new PostFault('refused_address', fault)), isRepeated: false };
      return outcomeOf(answer, { isRepeated, totalMs: performance.now() - began, nowMs: nowMs() });
    },
    close: () => connections.close(),
  };
}

async function answered(request: PostRequest, connections: Connections) {
  const { headers, body, timeoutMs = TIMEOUT_MS, isRepeatable = 'webhook-id' in headers } = request;
  const { origin, place, path } = placeOf(request);
  let exchange: Exchange | undefined;
  const timer = setTimeout(() => {
    exchange?.abort(new PostFault('timeout', `no whole answer within ${timeoutMs} ms`));
  }, timeoutMs);
  const by = async (connection: Connection) => {
    exchange = new Exchange(connection, { path, headers, body });
    const answer = await exchange.answer;
    if (!answer.fault && !answer.body.isLonger) connections.release(connection);
    return answer;
  };
  try {
    const answer = await by(connections.take(origin, place));
    if (!(isRepeatable && isLost(answer))) return { answer, isRepeated: false };
    return { answer: await by(connections.fresh(origin, place)), isRepeated: true };
  } finally {
    clearTimeout(timer);
  }
}

/** Receivers close connections when they like: one that was kept says nothing about whether they are there. */
const isLost = ({ isKept, status, fault }: Answer) => isKept && status === undefined && fault?.kind === 'reset';

function placeOf({ url, policy }: PostRequest): { origin: string; place: Place; path: string } {
  const { origin, protocol, hostname, port, pathname, search } = new URL(url);
  const isSecure = protocol === 'https:';
  const place = {
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || (isSecure ? 443 : 80)),
    isSecure,
    privateTargets: policy.privateTargets,
  };
  return { origin, place, path: pathname + search };
}

interface About {
  readonly isRepeated: boolean;
  readonly totalMs: number;
  readonly nowMs: number;
}

function outcomeOf(answer: Answer, { isRepeated, totalMs, nowMs }: About): Outcome {
  const { notes, isKept, status, headers, body, firstByteMs, fault } = answer;
  const retryAfterSeconds = retryAfterOf(headers['retry-after'], nowMs);
  return {
    ...(status !== undefined && { status, headers, body: body.text() }),
    bodyBytes: body.bytes,
    isBodyLonger: body.isLonger,
    ...(notes.address !== undefined && { address: notes.address }),
    times: rounded({ ...(!isKept && notes.times), ...(firstByteMs !== undefined && { firstByteMs }), totalMs }),
    ...(fault && { error: { class: fault.kind, detail: fault.message } }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    isRepeated,
  };
}

/** Nothing is known that comes here: whoever awaits an attempt is told how it ended, whatever that was. */
const failed = (error: unknown) => ({ answer: unsent(faultOf(error)), isRepeated: false });

/** Microseconds are more than anybody can read out of them. */
const rounded = (times: Times): Times => {
  const to = { ...times };
  for (const name of ['dnsMs', 'connectMs', 'tlsMs', 'firstByteMs', 'totalMs'] as const) {
    const value = times[name];
    if (value !== undefined) to[name] = Math.round(value * 10) / 10;
  }
  return to;
};
