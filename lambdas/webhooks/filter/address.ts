import { isIP } from 'node:net';

/** A range of addresses: the first of them, and how many leading bits they share. IPv4 stands in the last two groups. */
export interface Range {
  readonly family: 4 | 6;
  readonly groups: Uint16Array;
  readonly bits: number;
}

const GROUPS = 8;
const WIDTH = { 4: 32, 6: 128 } as const;
const LENGTH = /^(0|[1-9]\d{0,2})$/;
const LONGEST_ADDRESS = 45;

/** A range in CIDR notation (a single address is one too), or nothing where it is none. */
export function rangeOf(text: string): Range | undefined {
  const [address = '', length, ...more] = text.split('/');
  const groups = new Uint16Array(GROUPS);
  const family = readAddress(address, groups);
  if (family === undefined || more.length > 0 || (length !== undefined && !LENGTH.test(length))) return undefined;
  // IPv4 inside IPv6 was written with a length of IPv6, and is read as IPv4.
  const spelled = isIP(address) === 6 ? 128 : 32;
  const bits = (length === undefined ? spelled : Number(length)) - (spelled - WIDTH[family]);
  return bits < 0 || bits > WIDTH[family] ? undefined : { family, groups, bits };
}

const scratch = new Uint16Array(GROUPS);

/** Whether the text is an address within the range; an IPv4 address inside IPv6 (`::ffff:0:0/96`) is that of IPv4. */
export function isWithin(text: string, { family, groups, bits }: Range): boolean {
  if (text.length > LONGEST_ADDRESS || readAddress(text, scratch) !== family) return false;
  let left = bits + 128 - WIDTH[family];
  for (let group = 0; left > 0; group += 1, left -= 16) {
    const differing = (scratch[group] ?? 0) ^ (groups[group] ?? 0);
    if (left >= 16 ? differing !== 0 : differing >> (16 - left) !== 0) return false;
  }
  return true;
}

/** Reads the address into `groups`, and says its family; zones are of one machine alone, so an address with one is none. */
function readAddress(text: string, groups: Uint16Array): 4 | 6 | undefined {
  const family = isIP(text);
  if (family === 0 || text.includes('%')) return undefined;
  groups.fill(0);
  if (family === 4) return readDotted(text, 0, groups);
  readGroups(text, groups);
  return isMapped(groups) ? unmap(groups) : 6;
}

const isMapped = (groups: Uint16Array) =>
  groups[5] === 0xffff && !groups[4] && !groups[3] && !groups[2] && !groups[1] && !groups[0];

function unmap(groups: Uint16Array): 4 {
  groups[5] = 0;
  return 4;
}

/** The dotted IPv4 from `start` on, into the last two groups. */
function readDotted(text: string, start: number, groups: Uint16Array): 4 {
  let value = 0;
  let byte = 0;
  for (let at = start; at <= text.length; at += 1) {
    const code = at < text.length ? text.charCodeAt(at) : DOT;
    if (code !== DOT) {
      byte = byte * 10 + code - ZERO;
      continue;
    }
    value = value * 256 + byte;
    byte = 0;
  }
  groups[6] = Math.floor(value / 65_536);
  groups[7] = value % 65_536;
  return 4;
}

const DOT = 46;
const ZERO = 48;

/** The groups of an address that is known to be IPv6: those before `::` from the front, those after it from the back. */
function readGroups(text: string, groups: Uint16Array): void {
  const gap = text.indexOf('::');
  const front = gap < 0 ? text.length : gap;
  let group = 0;
  for (let at = 0; at < front; group += 1) at = readGroup(text, at, front, groups, group);
  if (gap < 0 || gap + 2 === text.length) return;
  let count = text.includes('.', gap) ? 2 : 1;
  for (let at = text.indexOf(':', gap + 2); at >= 0; at = text.indexOf(':', at + 1)) count += 1;
  group = GROUPS - count;
  for (let at = gap + 2; at < text.length; group += 1) at = readGroup(text, at, text.length, groups, group);
}

/** One group that begins at `at`; says where the next one begins. */
function readGroup(text: string, at: number, end: number, groups: Uint16Array, group: number): number {
  const colon = text.indexOf(':', at);
  const stop = colon < 0 || colon > end ? end : colon;
  const dot = text.indexOf('.', at);
  if (dot >= 0 && dot < stop) {
    readDotted(text, at, groups);
    return end;
  }
  let value = 0;
  for (let digit = at; digit < stop; digit += 1) value = value * 16 + hex(text.charCodeAt(digit));
  groups[group] = value;
  return stop + 1;
}

const hex = (code: number) => (code <= 57 ? code - ZERO : (code | 32) - 87);
