import type { IncomingHttpHeaders } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { mediaTypeOf } from './validator';

const compress = promisify(gzip);

/** API Gateway knows exact types and `*`+`/*`, no other wildcard. */
const isBinary = (mediaType: string, binaryMediaTypes: readonly string[]): boolean =>
  binaryMediaTypes.includes('*/*') || binaryMediaTypes.includes(mediaType);

/** The body as a function gets it: base64 for the API's binary media types, else text. */
export const bodyText = (
  body: Buffer,
  contentType: string | undefined,
  binaryMediaTypes: readonly string[],
): { readonly text: string; readonly isBase64Encoded: boolean } => {
  const isBase64Encoded = body.length > 0 && isBinary(mediaTypeOf(contentType), binaryMediaTypes);
  return { text: body.toString(isBase64Encoded ? 'base64' : 'utf8'), isBase64Encoded };
};

/**
 * Whether a base64 answer is decoded for this client. Only the first type that it accepts counts; a client that takes
 * anything gets base64 text from an API whose binary types are not `*`+`/*`.
 */
export const acceptsBinary = (accept: string | undefined, binaryMediaTypes: readonly string[]): boolean =>
  binaryMediaTypes.length > 0 && isBinary(mediaTypeOf(accept?.split(',')[0] ?? '*/*'), binaryMediaTypes);

/** Whether the answer goes out compressed. One that is encoded already stays as it is. */
export const shallCompress = (
  body: Buffer,
  requestHeaders: IncomingHttpHeaders,
  alreadyEncoded: boolean,
  minimumBytes: number | undefined,
): boolean =>
  minimumBytes !== undefined &&
  !alreadyEncoded &&
  body.length >= minimumBytes &&
  (requestHeaders['accept-encoding'] ?? '')
    .split(',')
    .some((coding) => /^\s*(?:gzip|\*)\s*(?:;\s*q=(?!0(?:\.0*)?\s*$)[\d.]+\s*)?$/i.test(coding));

export const compressed = (body: Buffer): Promise<Buffer> => compress(body);
