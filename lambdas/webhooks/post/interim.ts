import type { Socket } from 'node:net';

const CONTINUE = /^HTTP\/1\.[01] 100(?: [^\r\n]*)?\r\n(?:[^\r\n]+\r\n)*\r\n/;
const LONGEST = 1024;
const [ONE, ZERO] = ['1'.charCodeAt(0), '0'.charCodeAt(0)];

/**
 * RFC 9110 section 15.2: a client must bear a `100 Continue` that it has not asked for. undici ends the connection, so it
 * never sees one that comes in a piece, as these do. Others between 101 and 199 it knows.
 * @param isHeadAwaited whether what comes now is the head of an answer
 */
export function withoutContinue<T extends Socket>(socket: T, isHeadAwaited: () => boolean): T {
  const read = socket.read.bind(socket);
  const next = (size?: number): unknown => {
    const chunk: unknown = read(size);
    if (!Buffer.isBuffer(chunk) || !isHeadAwaited() || !looksLikeContinue(chunk)) return chunk;
    const [head] = CONTINUE.exec(chunk.toString('latin1', 0, LONGEST)) ?? [];
    if (head === undefined) return chunk;
    if (head.length === chunk.length) return next(size);
    socket.unshift(chunk.subarray(head.length));
    return next(size);
  };
  socket.read = next;
  return socket;
}

const looksLikeContinue = (chunk: Buffer) => chunk[9] === ONE && chunk[10] === ZERO && chunk[11] === ZERO;
