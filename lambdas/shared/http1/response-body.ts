import { FIELD_LINE, NoResponse, type ResponseHead } from './response-head';

/** Who takes a body as it comes. */
export interface BodySink {
  /**
   * Takes bytes, which may be overwritten when it returns. Throws where they are more than it takes.
   * @param isAll whether they are the whole body
   */
  add(part: Buffer, isAll: boolean): void;
}

/** Where a body ends. */
export interface ResponseBody {
  /** What follows its end, if that is within these bytes; nothing as long as it is not whole. */
  take(bytes: Buffer): Buffer | undefined;
  /** Whether it is whole now that the connection has ended. */
  end(): boolean;
}

/** The body is longer than it may be. */
export class TooLong extends Error {
  override name = 'TooLong';

  constructor() {
    super('the answer is too long');
  }
}

/** A body as text, within its bound. */
export class BodyText implements BodySink {
  private bytes = 0;
  private readonly parts: Buffer[] = [];
  private whole: string | undefined;

  constructor(private readonly mostBytes: number) {}

  /** Throws where a body says that it is too long: it is not waited for. */
  expect(length: ResponseHead['length']): void {
    if (typeof length === 'number' && length > this.mostBytes) throw new TooLong();
  }

  add(part: Buffer, isAll: boolean): void {
    this.bytes += part.length;
    if (this.bytes > this.mostBytes) throw new TooLong();
    // One part that is all of the body is decoded from where it is: nothing is copied.
    if (isAll) this.whole = part.toString();
    else this.parts.push(Buffer.from(part));
  }

  /** What has come of it, as UTF-8. */
  text(): string {
    return this.whole ?? Buffer.concat(this.parts).toString();
  }
}

export function responseBody(length: ResponseHead['length'], sink: BodySink): ResponseBody {
  if (length === 'chunked') return new Chunked(sink);
  return length === 'close' ? untilClosed(sink) : new Sized(sink, length);
}

const NOTHING = Buffer.alloc(0);

class Sized implements ResponseBody {
  private left: number;

  constructor(
    private readonly sink: BodySink,
    private readonly length: number,
  ) {
    this.left = length;
  }

  take(bytes: Buffer): Buffer | undefined {
    const part = bytes.length > this.left ? bytes.subarray(0, this.left) : bytes;
    this.left -= part.length;
    if (part.length > 0) this.sink.add(part, part.length === this.length);
    if (this.left > 0) return undefined;
    return part === bytes ? NOTHING : bytes.subarray(part.length);
  }

  end(): boolean {
    return this.left === 0;
  }
}

const untilClosed = (sink: BodySink): ResponseBody => ({
  take(bytes) {
    if (bytes.length > 0) sink.add(bytes, false);
    return undefined;
  },
  end: () => true,
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

  constructor(private readonly sink: BodySink) {}

  take(bytes: Buffer): Buffer | undefined {
    let rest = bytes;
    while (rest.length > 0 && !this.end()) rest = this.state === 'data' ? this.data(rest) : this.line(rest);
    return this.end() ? rest : undefined;
  }

  end(): boolean {
    return this.state === 'over';
  }

  private data(bytes: Buffer): Buffer {
    const part = bytes.subarray(0, this.left);
    this.sink.add(part, false);
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
