import { isIPv4, isIPv6 } from 'node:net';

/** A range of addresses: the first of them as a number, and how many leading bits they share. */
interface Range {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly bits: number;
}

const WIDTH = { 4: 32, 6: 128 } as const;
/** `::ffff:0:0/96`, in which IPv6 holds the addresses of IPv4 (RFC 4291 section 2.5.5.2). */
const MAPPED = { prefix: 0xffffn << 32n, bits: 96 };
const BITS = /^(0|[1-9]\d{0,2})$/;

/**
 * A range in CIDR notation in its one spelling, or nothing where it is none: bits past the prefix are cleared, a single
 * address gets its full length, IPv6 is written as RFC 5952 says, and a range of IPv4 inside IPv6 as that of IPv4.
 */
export function canonicalRange(text: string): string | undefined {
  const range = parse(text);
  return range && print(range);
}

/** Whether every address of `inner` is in `outer`; both in their one spelling. */
export function isRangeWithin(inner: string, outer: string): boolean {
  const [small, large] = [parse(inner), parse(outer)];
  if (!small || !large || small.family !== large.family || small.bits < large.bits) return false;
  return masked(small.first, large.bits, small.family) === large.first;
}

function parse(text: string): Range | undefined {
  const [address = '', length, ...more] = text.split('/');
  const family = isIPv4(address) ? 4 : isIPv6(address) && !address.includes('%') ? 6 : undefined;
  if (family === undefined || more.length > 0 || (length !== undefined && !BITS.test(length))) return undefined;
  const bits = length === undefined ? WIDTH[family] : Number(length);
  if (bits > WIDTH[family]) return undefined;
  return unmapped({ family, bits, first: masked(family === 4 ? number4(address) : number6(address), bits, family) });
}

function unmapped(range: Range): Range {
  const { family, first, bits } = range;
  if (family === 4 || bits < MAPPED.bits || masked(first, MAPPED.bits, 6) !== MAPPED.prefix) return range;
  return { family: 4, first: first - MAPPED.prefix, bits: bits - MAPPED.bits };
}

const masked = (value: bigint, bits: number, family: 4 | 6) => {
  const rest = BigInt(WIDTH[family] - bits);
  return (value >> rest) << rest;
};

const number4 = (address: string) => address.split('.').reduce((value, part) => (value << 8n) | BigInt(part), 0n);

/** `URL` writes an IPv6 address as RFC 5952 says: lower case, the longest run of zeros as `::`, no dotted part. */
const compressed = (address: string) => new URL(`http://[${address}]`).hostname.slice(1, -1);

function number6(address: string): bigint {
  const [head = '', tail] = compressed(address).split('::');
  const [before, after] = [head, tail ?? ''].map((part) => part.split(':').filter(Boolean));
  const zeros = Array.from({ length: 8 - (before?.length ?? 0) - (after?.length ?? 0) }, () => '0');
  return [...(before ?? []), ...zeros, ...(after ?? [])].reduce(
    (value, part) => (value << 16n) | BigInt(`0x${part}`),
    0n,
  );
}

const print = ({ family, first, bits }: Range) => `${family === 4 ? text4(first) : text6(first)}/${bits}`;

const groups = (value: bigint, count: number, width: bigint) =>
  Array.from({ length: count }, (_, at) => (value >> (BigInt(count - 1 - at) * width)) & ((1n << width) - 1n));

const text4 = (value: bigint) => groups(value, 4, 8n).join('.');
const text6 = (value: bigint) =>
  compressed(
    groups(value, 8, 16n)
      .map((group) => group.toString(16))
      .join(':'),
  );
