import { type BodySink, TooLong } from '../../shared/http1/response-body';

/** What is kept of an answer's body. */
export const KEPT_BYTES = 16 * 1024;
/** What is read of it to know its size. */
export const COUNTED_BYTES = 1024 * 1024;

/** The body of an answer as it comes in: its start is kept, the rest counted. */
export class BoundedBody implements BodySink {
  bytes = 0;
  private readonly kept: Buffer[] = [];
  private keptBytes = 0;
  private whole: string | undefined;

  /** Whether there is more than is counted. */
  get isLonger(): boolean {
    return this.bytes > COUNTED_BYTES;
  }

  add(chunk: Buffer, isAll: boolean): void {
    this.bytes += chunk.length;
    if (isAll && chunk.length <= KEPT_BYTES) this.whole = safeText(chunk);
    else this.keep(chunk);
    if (this.isLonger) throw new TooLong();
  }

  text(): string {
    return this.whole ?? safeText(Buffer.concat(this.kept));
  }

  private keep(chunk: Buffer): void {
    if (this.keptBytes >= KEPT_BYTES) return;
    // A copy: what comes next is read into the same place.
    const part = Buffer.from(chunk.subarray(0, KEPT_BYTES - this.keptBytes));
    this.kept.push(part);
    this.keptBytes += part.length;
  }
}

const PLAIN = /^[\t\n\r\x20-\x7e]*$/;
const CONTROLS = /[^\P{Cc}\t\n\r]/gu;

/** As text that can be printed and stored, of no more bytes than are kept: U+FFFD takes three where a bad byte took one. */
export function safeText(bytes: Buffer): string {
  const plain = bytes.toString('latin1');
  // Mostly it says `ok`.
  if (PLAIN.test(plain)) return plain;
  const text = bytes.toString().replace(CONTROLS, '\uFFFD');
  if (Buffer.byteLength(text) <= KEPT_BYTES) return text;
  const whole = Buffer.from(text);
  let end = KEPT_BYTES;
  // A character that the cut goes through is left out: all but its first byte begin with the bits 10.
  while (((whole[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return whole.toString('utf8', 0, end);
}
