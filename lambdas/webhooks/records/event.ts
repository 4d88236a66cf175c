import { createHash, randomBytes } from 'node:crypto';
import * as z from 'zod/mini';
import { Transforms } from '../event-types/transforms';

/** Crockford's alphabet, whose order is that of the values: ids sort as their times. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const TIME_LENGTH = 10;
const HASH_LENGTH = 26;
const HASH_BYTES = 17;

export const EventId = z.string().check(z.regex(/^evt_[0-9a-hjkmnp-tv-z]{36}$/));

/** An event as it stands in the log. Its `body` is what endpoints are sent, to the byte. */
export const EventRecord = z.object({
  id: EventId,
  organisation: z.uuid(),
  type: z.string(),
  version: z.int(),
  channel: z.optional(z.string()),
  /** When it was first taken, in milliseconds since 1970. */
  atMs: z.int(),
  body: z.string(),
  /** How `data` becomes that of earlier versions of the type, by version: endpoints may pin them (publishing/body-for.ts). */
  down: z.optional(z.record(z.string(), z.readonly(Transforms))),
  /** The endpoints that it was routed to, with what was known of them then. */
  to: z.array(z.string()),
  /** Of what the caller sent: the same key with other content is a conflict. */
  digest: z.string(),
  expiresAtSeconds: z.int(),
});
export type EventRecord = z.output<typeof EventRecord>;

const written = (value: number, length: number): string => {
  let text = '';
  let rest = value;
  for (let at = 0; at < length; at += 1) {
    text = ALPHABET.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  return text;
};

function writtenBytes(bytes: Buffer): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5 && text.length < HASH_LENGTH) {
      bits -= 5;
      text += ALPHABET.charAt((value >>> bits) & 31);
    }
    value &= (1 << bits) - 1;
  }
  return text;
}

/** The part of an event's id that says where it stands: of the caller's key where there is one, else random. */
export function hashOf(organisation: string, key: string | undefined): string {
  if (key === undefined) return writtenBytes(randomBytes(HASH_BYTES));
  return writtenBytes(createHash('sha256').update(`${organisation}\n${key}`).digest().subarray(0, HASH_BYTES));
}

/** `evt_` with the time it was first taken and its hash: ids sort by time, and the hash alone finds the event. */
export const eventId = (atMs: number, hash: string): string => `evt_${written(atMs, TIME_LENGTH)}${hash}`;

export const hashIn = (id: string): string => id.slice(-HASH_LENGTH);

/** The first id that an event of this time may have: what a range of times begins with. */
export const firstIdAt = (atMs: number): string => `evt_${written(atMs, TIME_LENGTH)}`;

/** When the event of this id was first taken, in milliseconds since 1970. */
export function timeIn(id: string): number {
  let value = 0;
  for (const letter of id.slice(4, 4 + TIME_LENGTH)) value = value * 32 + ALPHABET.indexOf(letter);
  return value;
}
