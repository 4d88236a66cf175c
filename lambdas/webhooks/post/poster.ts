import { type Post as Prepared, postOf } from '../../shared/http1/target';
import { type ConnectOptions, type Notes, openConnect } from './connect';
import { keepConnections, type Lines } from './connections';
import { Exchange, unsent } from './exchange';
import { faultOf, type Outcome, PostFault, retryAfterOf, type Times, timedOut } from './outcome';
import { openPlaces, type Place } from './place';
import type { TargetPolicy } from './target';

export interface PostRequest {
  readonly url: string;
  /** But `Host` and `Content-Length`, by names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** More of them, but for what `headers` say: what is the same for many requests need not be copied for each. */
  readonly more?: Readonly<Record<string, string>> | undefined;
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
  const placeOf = openPlaces();
  const lines = keepConnections({ connect: openConnect(options), nowMs, mostIdle, mostIdleOfOrigin });
  return {
    async post(request) {
      const began = performance.now();
      const place = placeOf(request.url, request.policy);
      const prepared = place instanceof PostFault ? place : preparedFor(place, request);
      if (place instanceof PostFault || prepared instanceof PostFault)
        return outcomeOf(unsent(faultOf(prepared)), false, began, nowMs);
      const { timeoutMs = TIMEOUT_MS, isRepeatable = 'webhook-id' in request.headers } = request;
      const line = lines.take(place);
      if (line) {
        const exchange = new Exchange(line.address, undefined);
        await exchange.by(line, prepared, { timeoutMs, leftMs: timeoutMs });
        lines.release(line);
        if (!isRepeatable || !isLost(exchange)) return outcomeOf(exchange, false, began, nowMs);
      }
      const exchange = await byNewLine(lines, place, prepared, { began, timeoutMs });
      return outcomeOf(exchange, line !== undefined, began, nowMs);
    },
    close: () => lines.close(),
  };
}

function preparedFor({ target }: Place, { headers, more, body }: PostRequest): Prepared | PostFault {
  try {
    return postOf(target, headers, body, more);
  } catch {
    return new PostFault('request', 'the request is not valid');
  }
}

/** Receivers close connections when they like: one that was kept says nothing about whether they are there. */
const isLost = ({ head, fault }: Exchange) => head === undefined && fault?.kind === 'reset';

interface Limit {
  readonly began: number;
  readonly timeoutMs: number;
}

async function byNewLine(lines: Lines, place: Place, prepared: Prepared, { began, timeoutMs }: Limit) {
  const notes: Notes = { times: {} };
  const leftMs = () => Math.max(Math.ceil(timeoutMs - (performance.now() - began)), 1);
  try {
    const line = await inTime((signal) => lines.open(place, notes, signal), leftMs(), timedOut(timeoutMs));
    const exchange = new Exchange(line.address, notes);
    await exchange.by(line, prepared, { timeoutMs, leftMs: leftMs() });
    lines.release(line);
    return exchange;
  } catch (error) {
    return unsent(faultOf(error), notes);
  }
}

/** Nobody waits any longer, whatever is still under way: a name that is being looked up cannot be told to stop. */
function inTime<T>(work: (signal: AbortSignal) => Promise<T>, milliseconds: number, late: PostFault): Promise<T> {
  const control = new AbortController();
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => {
      control.abort(late);
      reject(late);
    }, milliseconds);
    void work(control.signal)
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });
}

function outcomeOf(exchange: Exchange, isRepeated: boolean, began: number, nowMs: () => number): Outcome {
  const { head, body, address, fault } = exchange;
  const retryAfter = head?.fields['retry-after'];
  return {
    status: head?.status,
    headers: head?.fields,
    body: head && body.text(),
    bodyBytes: body.bytes,
    isBodyLonger: body.isLonger,
    address,
    times: timesOf(exchange, performance.now() - began),
    error: fault && { class: fault.kind, detail: fault.message },
    retryAfterSeconds: retryAfter === undefined ? undefined : retryAfterOf(retryAfter, nowMs()),
    isRepeated,
  };
}

function timesOf({ notes, firstByteMs }: Exchange, totalMs: number): Times {
  const total = tenth(totalMs);
  if (!notes && firstByteMs !== undefined) return { firstByteMs: tenth(firstByteMs), totalMs: total };
  const { dnsMs, connectMs, tlsMs } = notes?.times ?? {};
  return {
    ...(dnsMs !== undefined && { dnsMs: tenth(dnsMs) }),
    ...(connectMs !== undefined && { connectMs: tenth(connectMs) }),
    ...(tlsMs !== undefined && { tlsMs: tenth(tlsMs) }),
    ...(firstByteMs !== undefined && { firstByteMs: tenth(firstByteMs) }),
    totalMs: total,
  };
}

/** Microseconds are more than anybody can read out of them. */
const tenth = (milliseconds: number) => Math.round(milliseconds * 10) / 10;
