import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import * as z from 'zod/mini';

/** `ghk_<stage>_<id>_<256 bits><checksum>`: secret scanners find it by this expression (docs/identity/keys.md). */
export const API_KEY_PATTERN = 'ghk_[a-z]+_[a-z0-9]{16}_[0-9a-f]{72}';
/** The secret of an OAuth client: `ghs_<stage>_<256 bits><checksum>`. Its client's id is public and stands elsewhere. */
export const CLIENT_SECRET_PATTERN = 'ghs_[a-z]+_[0-9a-f]{72}';

const API_KEY = new RegExp(`^${API_KEY_PATTERN}$`);
const CLIENT_SECRET = new RegExp(`^${CLIENT_SECRET_PATTERN}$`);

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

type RandomBytes = (size: number) => Buffer;

/** A new key of this stage. */
export function newApiKey(
  stage: string,
  random: RandomBytes = randomBytes,
): { readonly id: string; readonly key: string } {
  const id = random(8).toString('hex');
  return { id, key: signed(`ghk_${stage}_${id}_${random(32).toString('hex')}`) };
}

/** A new secret for a client of this stage. */
export const newClientSecret = (stage: string, random: RandomBytes = randomBytes): string =>
  signed(`ghs_${stage}_${random(32).toString('hex')}`);

/** The id of a key that is spelled right. A typo is refused here, before anything is asked of a store. */
export const keyIdOf = (key: string): string | undefined =>
  API_KEY.test(key) && isSigned(key) ? key.split('_')[2] : undefined;

/** Whether it is spelled as a client's secret. */
export const isClientSecret = (secret: string): boolean => CLIENT_SECRET.test(secret) && isSigned(secret);

const CHECKSUM_CHARACTERS = 8;
/** With the CRC-32 of all of it, in hex: any single wrong character, and any two neighbours swapped, are found out. */
const signed = (text: string) => text + crc32(text).toString(16).padStart(CHECKSUM_CHARACTERS, '0');
const isSigned = (text: string) => signed(text.slice(0, -CHECKSUM_CHARACTERS)) === text;

export const hashKey = (key: string, pepper: string): string => createHmac('sha256', pepper).update(key).digest('hex');

/** Whether the key is the one of the record, in constant time. */
export const matches = (key: string, pepper: string, { hash }: ApiKeyRecord): boolean => {
  const expected = Buffer.from(hash, 'hex');
  const actual = Buffer.from(hashKey(key, pepper), 'hex');
  return expected.length === actual.length && timingSafeEqual(expected, actual);
};
