/*
 * RESP, the protocol of Redis, as far as single commands need it: https://redis.io/docs/latest/develop/reference/protocol-spec
 */

/** An answer: text, a number, nothing, or a list of answers; an error answer is an Error. */
export type Reply = string | number | null | Error | Reply[];

/** A command as bytes. */
export function commandBytes(words: readonly (string | number)[]): string {
  let bytes = `*${words.length}\r\n`;
  for (const word of words) {
    const text = String(word);
    bytes += `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
  }
  return bytes;
}

interface Read {
  readonly reply: Reply;
  /** Where the next answer begins. */
  readonly end: number;
}

/** The answer that begins at `start`, or nothing as long as a part of it is missing. Throws for what is no RESP. */
export function readReply(bytes: Buffer, start = 0): Read | undefined {
  const reader = new Reader(bytes, start);
  const reply = reader.reply();
  return reply === undefined ? undefined : { reply, end: reader.at };
}

const [TEXT, ERROR, NUMBER, BULK, LIST, CR, MINUS, ZERO] = [0x2b, 0x2d, 0x3a, 0x24, 0x2a, 0x0d, 0x2d, 0x30] as const;

/** Byte by byte: an answer of the guard is of two dozen parts, and each request waits for one. */
class Reader {
  constructor(
    private readonly bytes: Buffer,
    public at: number,
  ) {}

  reply(): Reply | undefined {
    if (this.at >= this.bytes.length) return undefined;
    const kind = this.bytes[this.at];
    this.at += 1;
    switch (kind) {
      case TEXT:
        return this.line();
      case ERROR: {
        const text = this.line();
        return text === undefined ? undefined : new Error(text);
      }
      case NUMBER:
        return this.number();
      case BULK:
        return this.bulk();
      case LIST:
        return this.list();
      default:
        throw new Error('not an answer of Redis');
    }
  }

  private line(): string | undefined {
    const end = this.bytes.indexOf('\r\n', this.at);
    if (end < 0) return undefined;
    const text = this.bytes.toString('utf8', this.at, end);
    this.at = end + 2;
    return text;
  }

  /** Digits up to the end of the line. */
  private number(): number | undefined {
    const isNegative = this.bytes[this.at] === MINUS;
    let value = 0;
    for (let at = isNegative ? this.at + 1 : this.at; at < this.bytes.length - 1; at += 1) {
      const byte = this.bytes[at] ?? 0;
      if (byte === CR) {
        this.at = at + 2;
        return isNegative ? -value : value;
      }
      if (byte < ZERO || byte > ZERO + 9) throw new Error('not an answer of Redis');
      value = value * 10 + byte - ZERO;
    }
    return undefined;
  }

  private bulk(): string | null | undefined {
    const length = this.number();
    if (length === undefined) return undefined;
    if (length < 0) return null;
    const end = this.at + length;
    if (this.bytes.length < end + 2) return undefined;
    const text = this.bytes.toString('utf8', this.at, end);
    this.at = end + 2;
    return text;
  }

  private list(): Reply[] | null | undefined {
    const length = this.number();
    if (length === undefined) return undefined;
    if (length < 0) return null;
    const replies: Reply[] = [];
    for (let index = 0; index < length; index += 1) {
      const reply = this.reply();
      if (reply === undefined) return undefined;
      replies.push(reply);
    }
    return replies;
  }
}
