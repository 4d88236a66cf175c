import { isIPv6 } from 'node:net';

/*
 * Addresses as numbers. Callers are told apart by the address that API Gateway saw; what a header says is not asked.
 */

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
/** IPv4 addresses stand at their place in IPv6, as `::ffff:0:0/96` (RFC 4291 section 2.5.5.2). */
const MAPPED_BITS = `${'0'.repeat(80)}${'1'.repeat(16)}`;

const parts = (text: string | undefined) => (text ? text.split(':') : []);

/** The eight groups of an IPv6 address, as numbers. */
function groupsOf(address: string): number[] {
  const [head = '', tail] = address.split('::');
  const zeros = tail === undefined ? 0 : 8 - parts(head).length - parts(tail).length;
  const all = [...parts(head), ...Array.from({ length: Math.max(zeros, 0) }, () => '0'), ...parts(tail)];
  return all.map((group) => Number.parseInt(group, 16));
}

/** An IPv4 address, or the /64 that a subscriber of IPv6 has whole. */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const mapped = MAPPED.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const network = groupsOf(address).slice(0, 4);
  return `${network.map((group) => group.toString(16)).join(':')}::/64`;
}

const digits = (value: number, bits: number) => value.toString(2).padStart(bits, '0');

/** The address as 128 binary digits, so that a range is a prefix of every address in it. */
export function addressBits(address: string): string {
  const v4 = isIPv6(address) ? MAPPED.exec(address)?.[1] : address;
  if (v4 !== undefined)
    return `${MAPPED_BITS}${v4
      .split('.')
      .map((byte) => digits(Number(byte), 8))
      .join('')}`;
  return groupsOf(address)
    .map((group) => digits(group, 16))
    .join('');
}

/** A range in CIDR notation as the binary digits that all addresses in it begin with. */
export function rangeBits(range: string): string {
  const [network = '', length = ''] = range.split('/');
  return addressBits(network).slice(0, (isIPv6(network) ? 0 : MAPPED_BITS.length) + Number(length));
}
