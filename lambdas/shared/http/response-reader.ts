import { type ResponseBody, responseBody } from './response-body';
import { NoResponse, type ResponseHead, responseHead } from './response-head';

export interface HttpResponse {
  readonly status: number;
  /** As UTF-8, of a 200; of others nobody reads it. */
  readonly body: string;
  /** For how long the connection may be used again, in milliseconds; 0 where it may not. */
  readonly keptMs: number;
}

/** As node:http has it: of a head, and of all that are sent before the final one together. */
const MOST_HEAD_BYTES = 16 * 1024;
const HEAD_END = Buffer.from('\r\n\r\n');

/** Reads one response from the bytes of a connection, however they are cut. Throws a `NoResponse` or a `TooLong`. */
export class ResponseReader {
  private head: ResponseHead | undefined;
  private body: ResponseBody | undefined;
  /** The beginning of a head. */
  private begun: Buffer = Buffer.alloc(0);
  private headBytes = 0;
  /** Whether anything has come. */
  hasBegun = false;

  /** @param mostBytes of the body */
  constructor(private readonly mostBytes: number) {}

  /** The response, once it is whole; one that is no 200 as soon as it says so. What was given may be overwritten then. */
  read(bytes: Buffer): HttpResponse | undefined {
    this.hasBegun = true;
    const rest = this.body ? bytes : this.readHead(bytes);
    if (!this.head || !this.body || !rest) return undefined;
    const { status, keptMs } = this.head;
    if (status !== 200) return { status, body: '', keptMs: this.isWholeWith(rest) ? keptMs : 0 };
    return this.body.take(rest) ? { status, body: this.body.text(), keptMs } : undefined;
  }

  /** The connection has ended: the response, where that is its end. */
  end(): HttpResponse | undefined {
    if (!this.head || !this.body?.end()) return undefined;
    return { status: this.head.status, body: this.body.text(), keptMs: 0 };
  }

  /** What follows the final head; nothing as long as that is not whole. */
  private readHead(bytes: Buffer): Buffer | undefined {
    let rest = this.begun.length === 0 ? bytes : Buffer.concat([this.begun, bytes]);
    for (;;) {
      const end = rest.indexOf(HEAD_END);
      if (this.headBytes + (end < 0 ? rest.length : end) > MOST_HEAD_BYTES)
        throw new NoResponse('the answer is no HTTP: its head is too long');
      if (end < 0) {
        this.begun = Buffer.from(rest);
        return undefined;
      }
      const head = responseHead(rest.toString('latin1', 0, end));
      rest = rest.subarray(end + HEAD_END.length);
      if (head.status >= 200) return this.begin(head, rest);
      // An interim response, such as 100 and 103: the final one follows.
      this.headBytes += end + HEAD_END.length;
    }
  }

  private begin(head: ResponseHead, rest: Buffer): Buffer {
    this.head = head;
    this.body = responseBody(head.length, head.status === 200 ? this.mostBytes : Number.POSITIVE_INFINITY);
    return rest;
  }

  /** A failure of a body that nobody reads is none. */
  private isWholeWith(rest: Buffer): boolean {
    try {
      return this.body?.take(rest) === true;
    } catch {
      return false;
    }
  }
}
