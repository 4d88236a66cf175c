/** A command as Redis's protocol (RESP) carries it, and how many bytes it took. */
export interface Command {
  readonly words: readonly string[];
  readonly bytes: number;
}

/** As much as Redis itself takes from a client that has not logged in: ten words of 16 KB. */
const MAX_WORDS = 10;
const MAX_WORD_BYTES = 16_384;

const CRLF = '\r\n';

/** A line such as `*3` or `$5`: its number and where the next line begins. */
function header(buffer: Buffer, from: number, sign: string, most: number): { value: number; next: number } | undefined {
  const end = buffer.indexOf(CRLF, from);
  if (end < 0 && buffer.length - from < 16) return undefined;
  const line = buffer.toString('latin1', from, end < 0 ? from + 16 : end);
  const value = Number(line.slice(1));
  if (line[0] !== sign || !/^\d+$/.test(line.slice(1)) || value > most) throw new Error('Protocol error');
  return { value, next: end + CRLF.length };
}

/** The first command in the buffer; undefined while it is not complete. Throws on what is not a command. */
export function readCommand(buffer: Buffer): Command | undefined {
  const count = buffer.length > 0 ? header(buffer, 0, '*', MAX_WORDS) : undefined;
  if (!count) return undefined;
  const words: string[] = [];
  let next = count.next;
  while (words.length < count.value) {
    const size = next < buffer.length ? header(buffer, next, '$', MAX_WORD_BYTES) : undefined;
    if (!size || buffer.length < size.next + size.value + CRLF.length) return undefined;
    words.push(buffer.toString('utf8', size.next, size.next + size.value));
    next = size.next + size.value + CRLF.length;
  }
  return { words, bytes: next };
}

/** A command's bytes. */
export const writeCommand = (words: readonly string[]): string =>
  [`*${words.length}`, ...words.flatMap((word) => [`$${Buffer.byteLength(word)}`, word]), ''].join(CRLF);
