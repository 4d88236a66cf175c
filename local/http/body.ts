import type { IncomingMessage } from 'node:http';
import { gunzip, inflate } from 'node:zlib';

/** A request body is over the limit; what was not yet read was left unread. */
export class BodyTooLarge extends Error {
  override name = 'BodyTooLarge';
}

/** A request body is not what its `content-encoding` says. */
export class BodyMalformed extends Error {
  override name = 'BodyMalformed';
}

const EMPTY = Buffer.alloc(0);

/** Reads the body, never more than the limit of it. Rejects with {@link BodyTooLarge}, or when the client goes away. */
export const readBody = async (request: IncomingMessage, limitBytes: number): Promise<Buffer> => {
  const { 'content-length': length, 'transfer-encoding': transferEncoding } = request.headers;
  if (length === undefined && transferEncoding === undefined) return EMPTY;
  if (Number(length ?? 0) > limitBytes) throw new BodyTooLarge();
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > limitBytes) throw new BodyTooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

const DECODERS = { gzip: gunzip, 'x-gzip': gunzip, deflate: inflate };

/** Undoes `content-encoding`; unknown ones stay. The limit holds for the decoded size, against compressed bombs. */
export const decodeBody = (body: Buffer, encoding: string | undefined, limitBytes: number): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const decode = Object.entries(DECODERS).find(([name]) => name === encoding?.trim().toLowerCase())?.[1];
    if (decode === undefined || body.length === 0) {
      resolve(body);
      return;
    }
    decode(body, { maxOutputLength: limitBytes }, (error: NodeJS.ErrnoException | null, decoded) => {
      if (!error) resolve(decoded);
      else reject(error.code === 'ERR_BUFFER_TOO_LARGE' ? new BodyTooLarge() : new BodyMalformed());
    });
  });
