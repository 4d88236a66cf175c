import { isUtf8 } from 'node:buffer';
import { constants, type KeyObject, verify } from 'node:crypto';
import type { Algorithm } from './issuer-settings';

/** RFC 7518 section 3 and RFC 8037: hash, and what OpenSSL must be told beside it. */
const SCHEMES: Readonly<Record<Algorithm, readonly [hash: 'sha256' | null, options?: object]>> = {
  RS256: ['sha256'],
  PS256: ['sha256', { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }],
  ES256: ['sha256', { dsaEncoding: 'ieee-p1363' }],
  EdDSA: [null],
};

/** Whether the signature is right. The algorithm is the caller's own, never the token's word; the key is one of its kind. */
export function isSigned(algorithm: Algorithm, { input, signature }: Parts, key: KeyObject): boolean {
  const [hash, options] = SCHEMES[algorithm];
  return verify(hash, Buffer.from(input), options ? { key, ...options } : key, signature);
}

export const MAX_TOKEN_LENGTH = 8192;

/** A compact JWS (RFC 7515 section 7.1), taken apart. */
export interface Parts {
  /** In base64url, as they stand. */
  readonly header: string;
  readonly payload: string;
  readonly signature: Buffer;
  /** What was signed. */
  readonly input: string;
}

/** The parts of a token. One that is oversized, or whose signature is not spelled canonically, is none. */
export function split(token: string): Parts | undefined {
  if (token.length > MAX_TOKEN_LENGTH) return undefined;
  const [header = '', payload = '', signature = '', ...rest] = token.split('.');
  const bytes = bytesOf(signature);
  if (!header || !payload || !bytes?.length || rest.length > 0) return undefined;
  return { header, payload, input: `${header}.${payload}`, signature: bytes };
}

/** The bytes of canonical base64url: no padding, no other alphabet, no odd bits. One token has one spelling. */
export function bytesOf(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, 'base64url');
  return bytes.toString('base64url') === part ? bytes : undefined;
}

/** The JSON object in a part, whoever spelled it: its text too, for `hasTwins`. */
export function decodeObject(part: string): { readonly text: string; readonly value: Json } | undefined {
  const bytes = bytesOf(part);
  if (!bytes || !isUtf8(bytes)) return undefined;
  const text = bytes.toString();
  try {
    const value: unknown = JSON.parse(text);
    return isJson(value) ? { text, value } : undefined;
  } catch {
    return undefined;
  }
}

export type Json = Readonly<Record<string, unknown>>;
export const isJson = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Whether an object in this JSON has a member twice, of which JSON.parse keeps the last and another parser the first:
 * outside of strings JSON has a colon for each member, so more colons than members were parsed.
 */
export const hasTwins = (text: string, value: unknown): boolean => colonsIn(text) !== membersIn(value);

const [QUOTE, BACKSLASH, COLON] = [0x22, 0x5c, 0x3a];

/** Of text that JSON.parse has taken. */
function colonsIn(text: string): number {
  let colons = 0;
  let isString = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) isString = !isString;
    else if (code === BACKSLASH) at += 1;
    else if (code === COLON && !isString) colons += 1;
  }
  return colons;
}

/** All members, at every depth; without recursion, because a token may nest thousands deep. */
function membersIn(value: unknown): number {
  let members = 0;
  const waiting = [value];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next !== 'object' || next === null) continue;
    const inside: unknown[] = Object.values(next);
    if (!Array.isArray(next)) members += inside.length;
    for (const each of inside) if (typeof each === 'object' && each !== null) waiting.push(each);
  }
  return members;
}
