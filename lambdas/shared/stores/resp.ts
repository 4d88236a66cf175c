/*
 * RESP, the protocol of Redis, as far as single commands need it: https://redis.io/docs/latest/develop/reference/protocol-spec
 */

/** An answer: text, a number, nothing, or a list of answers; an error answer is an Error. */
export type Reply = string | number | null | Error | Reply[];

/** A command as bytes. */
export function commandBytes(words: readonly (string | number)[]): string {
  const parts = words.map(String).map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${words.length}\r\n${parts.join('')}`;
}

interface Read {
  readonly reply: Reply;
  /** Where the next answer begins. */
  readonly end: number;
}

/** The answer that begins at `start`, or nothing as long as a part of it is missing. Throws for what is no RESP. */
export function readReply(bytes: Buffer, start = 0): Read | undefined {
  const lineEnd = bytes.indexOf('\r\n', start);
  if (lineEnd < 0) return undefined;
  const line = bytes.toString('utf8', start + 1, lineEnd);
  const end = lineEnd + 2;
  switch (bytes.toString('latin1', start, start + 1)) {
    case '+':
      return { reply: line, end };
    case '-':
      return { reply: new Error(line), end };
    case ':':
      return { reply: Number(line), end };
    case '$':
      return bulk(bytes, Number(line), end);
    case '*':
      return list(bytes, Number(line), end);
    default:
      throw new Error('not an answer of Redis');
  }
}

function bulk(bytes: Buffer, length: number, start: number): Read | undefined {
  if (length < 0) return { reply: null, end: start };
  const end = start + length + 2;
  return bytes.length < end ? undefined : { reply: bytes.toString('utf8', start, end - 2), end };
}

function list(bytes: Buffer, length: number, start: number): Read | undefined {
  const replies: Reply[] = [];
  let end = start;
  for (let index = 0; index < length; index += 1) {
    const read = readReply(bytes, end);
    if (!read) return undefined;
    replies.push(read.reply);
    ({ end } = read);
  }
  return { reply: length < 0 ? null : replies, end };
}
