import * as z from 'zod/mini';

/** What is ours to say, and what is between two hops (RFC 9110 section 7.6.1). */
const RESERVED = new Set([
  'accept-encoding',
  'connection',
  'expect',
  'forwarded',
  'host',
  'http2-settings',
  'keep-alive',
  'stripe-signature',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  'via',
]);
/** Of the body, of signatures, and of whom a request passed by. */
const RESERVED_STARTS = ['content-', 'proxy-', 'webhook-', 'x-forwarded-', 'x-hub-'];

const MOST_HEADERS = 20;
const MOST_BYTES = 4096;

const isReserved = (name: string) => RESERVED.has(name) || RESERVED_STARTS.some((start) => name.startsWith(start));
const isOurs = (headers: Readonly<Record<string, string>>) =>
  Object.keys(headers).some((name) => isReserved(lower(name)));
const lower = (name: string) => name.toLowerCase();

/** RFC 9110 section 5.6.2: a token. */
const Name = z.string().check(z.maxLength(100), z.regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/));
/** Printable ASCII, with blanks only within. A line break would begin another header. */
const Value = z.string().check(z.maxLength(2048), z.regex(/^(?:[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)?$/));

/** Headers that an endpoint wants with every delivery. */
export const CustomHeaders = z.record(Name, Value).check(
  z.refine((headers) => Object.keys(headers).length <= MOST_HEADERS, { error: `are at most ${MOST_HEADERS}` }),
  z.refine((headers) => Object.entries(headers).flat().join('').length <= MOST_BYTES, {
    error: `must be at most ${MOST_BYTES} bytes together`,
  }),
  z.refine((headers) => new Set(Object.keys(headers).map(lower)).size === Object.keys(headers).length, {
    error: 'hold a name twice',
  }),
  z.refine((headers) => !isOurs(headers), {
    error: 'hold one that is not yours to set: docs/webhooks/receiving.md lists them',
  }),
);
export type CustomHeaders = z.output<typeof CustomHeaders>;

/** Whether they say who calls, which an endpoint with an authentication says otherwise. */
export const sayWhoCalls = (headers: CustomHeaders): boolean =>
  Object.keys(headers).some((name) => lower(name) === 'authorization');

const OURS = { 'content-type': 'application/json', 'user-agent': 'Gatehouse-Webhooks/1' };

/** Those that are the same for each delivery of an endpoint, by names in lower case: ours win. */
export function ownHeaders(custom: CustomHeaders): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(custom)) if (!isReserved(lower(name))) headers[lower(name)] = value;
  return Object.assign(headers, OURS);
}
