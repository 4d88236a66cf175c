import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import * as z from 'zod/mini';

/** `ghk_<stage>_<id>_<256 bits><checksum>`: secret scanners find it by this expression. */
export const API_KEY = /^ghk_([a-z]+)_([a-z0-9]{16})_([0-9a-f]{64})([0-9a-f]{8})$/;

/**
 * What verifies a key: never the key, and nothing that changes. Stored in the table of keys under `key#<id>`; what the
 * key may do stands in PostgreSQL and is asked for each request.
 */
export const ApiKeyRecord = z.object({
  /** HMAC-SHA256 of the whole key under the pepper, in hex. */
  hash: z.string(),
  organisation: z.uuid(),
});
export type ApiKeyRecord = z.output<typeof ApiKeyRecord>;

export const recordId = (id: string) => `key#${id}`;

/** A new key of this stage. */
export function newApiKey(stage: string, random = randomBytes): { readonly id: string; readonly key: string } {
  const id = random(8).toString('hex');
  const unsigned = `ghk_${stage}_${id}_${random(32).toString('hex')}`;
  return { id, key: unsigned + checksum(unsigned) };
}

/** The id of a key that is spelled right. A typo is refused here, before anything is asked of a store. */
export function keyIdOf(key: string): string | undefined {
  const match = API_KEY.exec(key);
  return match && checksum(key.slice(0, -8)) === match[4] ? match[2] : undefined;
}

const checksum = (text: string) => crc32(text).toString(16).padStart(8, '0');

export const hashKey = (key: string, pepper: string): string => createHmac('sha256', pepper).update(key).digest('hex');

/** Whether the key is the one of the record, in constant time. */
export const matches = (key: string, pepper: string, { hash }: ApiKeyRecord): boolean => {
  const expected = Buffer.from(hash, 'hex');
  const actual = Buffer.from(hashKey(key, pepper), 'hex');
  return expected.length === actual.length && timingSafeEqual(expected, actual);
};
