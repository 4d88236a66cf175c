/** PostgreSQL's wire protocol 3, as far as a door reads it: https://www.postgresql.org/docs/current/protocol-message-formats.html */

export const SSL_REQUEST = 80877103;
export const GSSENC_REQUEST = 80877104;
export const CANCEL_REQUEST = 80877102;

/** PostgreSQL's own limit for what a client sends before its login. */
const MAX_PACKET_BYTES = 10_000;

/** A startup packet or message that has come in whole: `bytes` counts all of it. */
export interface Packet {
  readonly bytes: number;
  readonly body: Buffer;
}

/** The packet at the head of the buffer; `typed` ones have a letter before their length. Undefined while incomplete. */
function readPacket(buffer: Buffer, typed: boolean): Packet | undefined {
  const from = typed ? 1 : 0;
  if (buffer.length < from + 4) return undefined;
  const length = buffer.readInt32BE(from);
  if (length < 4 || length > MAX_PACKET_BYTES) throw new Error('invalid length of startup packet');
  if (buffer.length < from + length) return undefined;
  return { bytes: from + length, body: buffer.subarray(from + 4, from + length) };
}

/** The first packet of a connection: a request for TLS, a cancellation or the startup itself. */
export function readStartup(buffer: Buffer): (Packet & { code: number }) | undefined {
  const packet = readPacket(buffer, false);
  if (!packet) return undefined;
  if (packet.body.length < 4) throw new Error('invalid length of startup packet');
  return { ...packet, code: packet.body.readInt32BE(0) };
}

/** `user`, `database` and the settings that a startup packet carries. */
export function startupParameters({ body }: Packet): Readonly<Record<string, string>> {
  const words = body.toString('utf8', 4).split('\0');
  const names = words
    .map((word, index) => ({ word, value: words[index + 1] ?? '' }))
    .filter((_, index) => index % 2 === 0);
  return Object.fromEntries(names.filter(({ word }) => word !== '').map(({ word, value }) => [word, value]));
}

/** The PasswordMessage; undefined while incomplete. Throws for any other message. */
export function readPassword(buffer: Buffer): { password: string; bytes: number } | undefined {
  if (buffer.length > 0 && buffer[0] !== 'p'.charCodeAt(0)) throw new Error('expected a password');
  const packet = readPacket(buffer, true);
  return packet && { password: packet.body.toString('utf8', 0, packet.body.length - 1), bytes: packet.bytes };
}

/** AuthenticationCleartextPassword: over TLS that is how RDS asks for a token. */
export const ASK_PASSWORD = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]);

/** An ErrorResponse that ends the connection. */
export function fatal(code: string, message: string, detail?: string): Buffer {
  const fields = [`SFATAL`, `VFATAL`, `C${code}`, `M${message}`, ...(detail ? [`D${detail}`] : [])];
  const body = Buffer.from(`${fields.join('\0')}\0\0`);
  const head = Buffer.alloc(5, 'E');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}
