import { LostConnection } from '../../shared/http1/connection';
import { HeadTooLong } from '../../shared/http1/response-head';

/** Where an attempt ended that got no whole answer. */
export type FaultClass =
  /** The name does not resolve. */
  | 'dns'
  /** The address, or one that the name leads to, is none where deliveries may go. Nothing was sent. */
  | 'refused_address'
  | 'connect'
  | 'tls'
  | 'timeout'
  /** The connection ended before the answer did. */
  | 'reset'
  /** The answer is not HTTP/1.1. */
  | 'protocol'
  /** The head of the answer is. A body may be as long as it likes. */
  | 'too_large'
  /** No access token was to be had. */
  | 'authentication'
  /** What was to be sent is not valid: our own fault. */
  | 'request';

/** For the log that tenants read: no secret, and nothing that a receiver wrote. */
export interface PostError {
  readonly class: FaultClass;
  readonly detail: string;
}

export class PostFault extends Error {
  override name = 'PostFault';

  constructor(
    readonly kind: FaultClass,
    message: string,
  ) {
    super(message);
  }
}

/** In milliseconds. A connection that was kept has none of the first three. */
export interface Times {
  dnsMs?: number;
  connectMs?: number;
  tlsMs?: number;
  /** From the request to the head of the answer. */
  firstByteMs?: number;
  /** Of getting an access token, before anything else. */
  tokenMs?: number;
  totalMs: number;
}

/** What became of one attempt. */
export interface Outcome {
  /** Known as soon as the head of the answer is here, also where `error` says how the rest of it failed. */
  readonly status?: number | undefined;
  /** Of the answer, by names in lower case; several of one name are joined by commas. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Its first 16 KiB, as text: what is no UTF-8 or no character to print is U+FFFD. */
  readonly body?: string | undefined;
  /** The size of all of it, or what was read of it when `isBodyLonger`. */
  readonly bodyBytes: number;
  /** The body went on after 1 MiB, and was cut there. */
  readonly isBodyLonger: boolean;
  /** The address that was connected to. */
  readonly address?: string | undefined;
  readonly times: Readonly<Times>;
  readonly error?: PostError | undefined;
  /** What the receiver asked for, at most 24 h. */
  readonly retryAfterSeconds?: number | undefined;
  /** A kept connection turned out to be closed, and the request went out again: the receiver may have seen it twice. */
  readonly isRepeated: boolean;
}

/** What an error of the connection means. */
export function faultOf(error: unknown): PostFault {
  if (error instanceof PostFault) return error;
  if (error instanceof HeadTooLong) return new PostFault('too_large', 'the head of the answer is too long');
  if (error instanceof LostConnection) return new PostFault('reset', 'the connection was closed');
  return new PostFault('protocol', 'the answer is not valid HTTP/1.1');
}

export const timedOut = (timeoutMs: number): PostFault =>
  new PostFault('timeout', `no whole answer within ${timeoutMs} ms`);

const MOST_WAIT_SECONDS = 86_400;
/** RFC 9110 section 5.6.7: the day's name begins all three forms; only the oldest has no zone, and means GMT. */
const DATE = /^[A-Z][a-z]{2,8},? .*?( GMT)?$/;

/** RFC 9110 section 10.2.3: a number of seconds, or a date. At most 24 h; a time that has passed is 0. */
export function retryAfterOf(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,15}$/.test(value)) return Math.min(Number(value), MOST_WAIT_SECONDS);
  const [, zone] = DATE.exec(value) ?? [''];
  const atMs = DATE.test(value) ? Date.parse(zone === undefined ? `${value} GMT` : value) : Number.NaN;
  if (Number.isNaN(atMs)) return undefined;
  return Math.min(Math.max(Math.ceil((atMs - nowMs) / 1000), 0), MOST_WAIT_SECONDS);
}
