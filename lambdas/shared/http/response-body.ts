import { FIELD_LINE, NoResponse, type ResponseHead } from './response-head';

/** A body as it comes; what it is given may be overwritten afterwards. */
export interface ResponseBody {
  /** Whether it is whole now. Throws for what follows its end: nothing was asked that it could answer. */
  take(bytes: Buffer): boolean;
  /** Whether it is whole now that the connection has ended. */
  end(): boolean;
  /** What has come of it, as UTF-8. */
  text(): string;
}

/** The body is longer than it may be. */
export class TooLong extends Error {
  override name = 'TooLong';

  constructor() {
    super('the answer is too long');
  }
}

export function responseBody(length: ResponseHead['length'], mostBytes: number): ResponseBody {
  const parts = new Parts(mostBytes);
  if (length === 'chunked') return new Chunked(parts);
  return length === 'close' ? untilClosed(parts) : sized(parts, length, mostBytes);
}

/** What has come of a body, within its bound. */
class Parts {
  bytes = 0;
  private readonly parts: (Buffer | string)[] = [];

  constructor(private readonly mostBytes: number) {}

  add(part: Buffer, isAll = false): void {
    this.bytes += part.length;
    if (this.bytes > this.mostBytes) throw new TooLong();
    // One part that is all of the body is decoded from where it is: nothing is copied.
    this.parts.push(isAll ? part.toString() : Buffer.from(part));
  }

  text(): string {
    const [first] = this.parts;
    if (typeof first === 'string') return first;
    return Buffer.concat(this.parts.filter((part) => typeof part !== 'string')).toString();
  }
}

const surplus = (): never => {
  throw new NoResponse('the answer is no HTTP: something follows its end');
};

function sized(parts: Parts, length: number, mostBytes: number): ResponseBody {
  if (length > mostBytes) throw new TooLong();
  return {
    take(bytes) {
      if (parts.bytes + bytes.length > length) return surplus();
      if (bytes.length > 0) parts.add(bytes, bytes.length === length);
      return parts.bytes === length;
    },
    end: () => parts.bytes === length,
    text: () => parts.text(),
  };
}

const untilClosed = (parts: Parts): ResponseBody => ({
  take(bytes) {
    parts.add(bytes);
    return false;
  },
  end: () => true,
  text: () => parts.text(),
});

const CRLF = Buffer.from('\r\n');
/** A size, with extensions that say nothing to us (RFC 9112 section 7.1). */
const SIZE_LINE =
  /^([0-9a-f]{1,8})(?:;[!#$%&'*+.^_`|~0-9a-z-]+(?:=(?:[!#$%&'*+.^_`|~0-9a-z-]+|"[\t\x20\x21\x23-\x5b\x5d-\x7e]*"))?)*$/i;
/** Of a line between chunks, and of all lines after the last one. */
const MOST_LINE_BYTES = 4_096;

/** Chunks, each after a line with its size; then trailers, which say nothing to us, and an empty line. */
class Chunked implements ResponseBody {
  private state: 'size' | 'data' | 'after data' | 'trailers' | 'over' = 'size';
  /** Bytes of the chunk that have not come. */
  private left = 0;
  /** The beginning of a line. */
  private begun: Buffer = Buffer.alloc(0);
  private trailerBytes = 0;

  constructor(private readonly parts: Parts) {}

  take(bytes: Buffer): boolean {
    let rest = bytes;
    while (rest.length > 0) {
      if (this.state === 'over') return surplus();
      rest = this.state === 'data' ? this.data(rest) : this.line(rest);
    }
    return this.state === 'over';
  }

  end(): boolean {
    return this.state === 'over';
  }

  text(): string {
    return this.parts.text();
  }

  private data(bytes: Buffer): Buffer {
    const part = bytes.subarray(0, this.left);
    this.parts.add(part);
    this.left -= part.length;
    if (this.left === 0) this.state = 'after data';
    return bytes.subarray(part.length);
  }

  private line(bytes: Buffer): Buffer {
    const all = this.begun.length === 0 ? bytes : Buffer.concat([this.begun, bytes]);
    const end = all.indexOf(CRLF);
    if ((end < 0 ? all.length : end) > MOST_LINE_BYTES)
      throw new NoResponse('the answer is no HTTP: a line is too long');
    if (end < 0) {
      this.begun = Buffer.from(all);
      return bytes.subarray(bytes.length);
    }
    this.begun = this.begun.subarray(0, 0);
    this.read(all.toString('latin1', 0, end));
    return all.subarray(end + CRLF.length);
  }

  private read(line: string): void {
    if (this.state === 'size') return this.readSize(line);
    if (this.state === 'after data') {
      if (line !== '') throw new NoResponse('the answer is no HTTP: a chunk is longer than it says');
      this.state = 'size';
      return undefined;
    }
    this.trailerBytes += line.length;
    if (this.trailerBytes > MOST_LINE_BYTES) throw new NoResponse('the answer is no HTTP: its trailers are too long');
    if (line === '') this.state = 'over';
    else if (!FIELD_LINE.test(line)) throw new NoResponse('the answer is no HTTP: a trailer is no field');
    return undefined;
  }

  private readSize(line: string): void {
    const [, size = ''] = SIZE_LINE.exec(line) ?? [];
    if (size === '') throw new NoResponse('the answer is no HTTP: a chunk has no size');
    this.left = Number.parseInt(size, 16);
    this.state = this.left === 0 ? 'trailers' : 'data';
  }
}
