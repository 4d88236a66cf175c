import { type BodySink, type ResponseBody, responseBody } from './response-body';
import { HEAD_END, HeadTooLong, NoResponse, type ResponseHead, responseHead } from './response-head';

/** Who is told of a response as it comes. */
export interface Taker {
  /** Its head is here, that of no interim response: who takes its body. Without one the head is all that is waited for. */
  begin(head: ResponseHead): BodySink | undefined;
  /**
   * Whether a response stands that something follows which nobody has asked for. Either way nothing more is asked over its
   * connection.
   */
  readonly bearsSurplus: boolean;
}

/** One who is told of the end too: of one of the two, once. */
export interface Asker extends Taker {
  whole(): void;
  failed(error: Error): void;
}

/** As node:http has it: of a head, and of all that are sent before the final one together. */
const MOST_HEAD_BYTES = 16 * 1024;
const HEAD_END_BYTES = Buffer.from(HEAD_END);
const START = 'HTTP/1.';
const NOTHING = Buffer.alloc(0);
const NOBODY: BodySink = { add: () => undefined };

/** Reads the responses of a connection, one after the other, from bytes however they are cut. */
export class ResponseReader {
  /** For how long the connection may be used again after the response that is whole, in milliseconds; 0 where it may not. */
  keptMs = 0;
  private taker: Taker | undefined;
  private body: ResponseBody | undefined;
  /** The beginning of a head. */
  private begun: Buffer = NOTHING;
  private headBytes = 0;
  /** Responses of one server have mostly the same head, but once a second: it is not read anew. */
  private last: ResponseHead | undefined;

  /** The next response is for this one. */
  expect(taker: Taker): void {
    this.taker = taker;
    this.body = undefined;
    this.begun = NOTHING;
    this.headBytes = 0;
    this.keptMs = 0;
  }

  /**
   * Whether the response is whole. What was given may be overwritten then. Throws a `NoResponse` for what is not to be
   * understood, and whatever the taker throws.
   */
  read(bytes: Buffer): boolean {
    if (this.body) return this.take(this.body, bytes);
    const { last } = this;
    if (last && this.begun.length === 0 && isBeginning(last.text, bytes))
      return this.begin(last, bytes.subarray(last.text.length));
    return this.readHead(this.begun.length === 0 ? bytes : Buffer.concat([this.begun, bytes]));
  }

  /** The connection has ended: whether the response is whole with that. */
  end(): boolean {
    return this.body?.end() === true;
  }

  private readHead(bytes: Buffer): boolean {
    let rest = bytes;
    for (;;) {
      const end = rest.indexOf(HEAD_END_BYTES);
      if (this.headBytes + (end < 0 ? rest.length : end) > MOST_HEAD_BYTES)
        throw new HeadTooLong('the answer is no HTTP: its head is too long');
      if (end < 0) {
        if (!START.startsWith(rest.toString('latin1', 0, START.length)))
          throw new NoResponse('the answer is no HTTP: it begins in another way');
        this.begun = Buffer.from(rest);
        return false;
      }
      const head = responseHead(rest.toString('latin1', 0, end + HEAD_END.length));
      rest = rest.subarray(head.text.length);
      if (head.status >= 200) {
        this.last = head;
        return this.begin(head, rest);
      }
      // An interim response, such as 100 and 103: the final one follows.
      this.headBytes += head.text.length;
    }
  }

  private begin(head: ResponseHead, rest: Buffer): boolean {
    this.keptMs = head.keptMs;
    const sink = this.taker?.begin(head);
    this.body = responseBody(head.length, sink ?? NOBODY);
    if (sink) return this.take(this.body, rest);
    if (!this.isWholeWith(this.body, rest)) this.keptMs = 0;
    return true;
  }

  private take(body: ResponseBody, bytes: Buffer): boolean {
    const rest = body.take(bytes);
    if (!rest) return false;
    if (rest.length > 0) {
      if (this.taker?.bearsSurplus !== true) throw new NoResponse('the answer is no HTTP: something follows its end');
      this.keptMs = 0;
    }
    return true;
  }

  /** A failure of a body that nobody reads is none. */
  private isWholeWith(body: ResponseBody, rest: Buffer): boolean {
    try {
      return this.take(body, rest);
    } catch {
      return false;
    }
  }
}

const isBeginning = (text: string, bytes: Buffer) =>
  bytes.length >= text.length && bytes.toString('latin1', 0, text.length) === text;
