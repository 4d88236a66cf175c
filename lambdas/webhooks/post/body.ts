/** What is kept of an answer's body. */
export const KEPT_BYTES = 16 * 1024;
/** What is read of it to know its size. */
export const COUNTED_BYTES = 1024 * 1024;

/** The body of an answer as it comes in: its start is kept, the rest counted. */
export class BoundedBody {
  bytes = 0;
  private readonly kept: Buffer[] = [];
  private keptBytes = 0;

  /** Whether there is more than is counted. */
  get isLonger(): boolean {
    return this.bytes > COUNTED_BYTES;
  }

  add(chunk: Buffer): void {
    this.bytes += chunk.length;
    if (this.keptBytes >= KEPT_BYTES) return;
    const part = chunk.subarray(0, KEPT_BYTES - this.keptBytes);
    // A copy: the chunk is part of a larger buffer, which it would keep alive.
    this.kept.push(Buffer.from(part));
    this.keptBytes += part.length;
  }

  text(): string {
    return safeText(Buffer.concat(this.kept));
  }
}

const CONTROLS = /[^\P{Cc}\t\n\r]/gu;

/** As text that can be printed and stored, of no more bytes than are kept: U+FFFD takes three where a bad byte took one. */
export function safeText(bytes: Buffer): string {
  const text = bytes.toString().replace(CONTROLS, '\uFFFD');
  if (Buffer.byteLength(text) <= KEPT_BYTES) return text;
  const whole = Buffer.from(text);
  let end = KEPT_BYTES;
  // A character that the cut goes through is left out: all but its first byte begin with the bits 10.
  while (((whole[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return whole.toString('utf8', 0, end);
}
