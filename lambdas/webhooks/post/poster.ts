import { type ConnectOptions, type Notes, openConnect } from './connect';
import type { Connection } from './connection';
import { type Connections, keepConnections } from './connections';
import { type Answer, Exchange, unsent } from './exchange';
import { faultOf, type Outcome, PostFault, retryAfterOf, type Times } from './outcome';
import { openPlaces, type Place } from './place';
import type { TargetPolicy } from './target';

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
  const placeOf = openPlaces();
  const connections = keepConnections({ connect, nowMs, mostIdle, mostIdleOfOrigin });
  return {
    async post(request) {
      const began = performance.now();
      const place = placeOf(request.url, request.policy);
      const sending = place instanceof PostFault ? failed(place) : answered(request, place, connections).catch(failed);
      const { answer, isRepeated } = await sending;
      return outcomeOf(answer, { isRepeated, totalMs: performance.now() - began, nowMs: nowMs() });
    },
    close: () => connections.close(),
  };
}

async function answered(request: PostRequest, place: Place, connections: Connections) {
  const { headers, body, timeoutMs = TIMEOUT_MS, isRepeatable = 'webhook-id' in headers } = request;
  let exchange: Exchange | undefined;
  const timer = setTimeout(() => {
    exchange?.abort(new PostFault('timeout', `no whole answer within ${timeoutMs} ms`));
  }, timeoutMs);
  const by = async (connection: Connection) => {
    exchange = new Exchange(connection, { path: place.path, headers, body });
    const answer = await exchange.answer;
    if (!answer.fault && !answer.body.isLonger) connections.release(connection);
    return answer;
  };
  try {
    const answer = await by(connections.take(place));
    if (!(isRepeatable && isLost(answer))) return { answer, isRepeated: false };
    return { answer: await by(connections.fresh(place)), isRepeated: true };
  } finally {
    clearTimeout(timer);
  }
}

/** Receivers close connections when they like: one that was kept says nothing about whether they are there. */
const isLost = ({ isKept, status, fault }: Answer) => isKept && status === undefined && fault?.kind === 'reset';

interface About {
  readonly isRepeated: boolean;
  readonly totalMs: number;
  readonly nowMs: number;
}

function outcomeOf(answer: Answer, { isRepeated, totalMs, nowMs }: About): Outcome {
  const { notes, status, headers, body, fault } = answer;
  const retryAfterSeconds = retryAfterOf(headers['retry-after'], nowMs);
  const outcome: Writable<Outcome> = {
    bodyBytes: body.bytes,
    isBodyLonger: body.isLonger,
    times: timesOf(answer, totalMs),
    isRepeated,
  };
  if (status !== undefined) Object.assign(outcome, { status, headers, body: body.text() });
  if (notes.address !== undefined) outcome.address = notes.address;
  if (fault) outcome.error = { class: fault.kind, detail: fault.message };
  if (retryAfterSeconds !== undefined) outcome.retryAfterSeconds = retryAfterSeconds;
  return outcome;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

function timesOf({ notes, isKept, firstByteMs }: Answer, totalMs: number): Times {
  const times: Times = isKept ? { totalMs: 0 } : { ...tenths(notes.times), totalMs: 0 };
  if (firstByteMs !== undefined) times.firstByteMs = tenth(firstByteMs);
  times.totalMs = tenth(totalMs);
  return times;
}

/** Microseconds are more than anybody can read out of them. */
const tenth = (milliseconds: number) => Math.round(milliseconds * 10) / 10;
const tenths = (times: Notes['times']): Notes['times'] =>
  Object.fromEntries(Object.entries(times).map(([name, value]) => [name, tenth(value)]));

/** Nothing is known that comes here: whoever awaits an attempt is told how it ended, whatever that was. */
const failed = (error: unknown) => ({ answer: unsent(faultOf(error)), isRepeated: false });
