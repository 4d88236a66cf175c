import { lookup as dnsLookup, type LookupAddress, type LookupAllOptions } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** RFC 6890 and its updates: what is no address of the Internet, with the ranges that lead to such addresses by translation. */
const NOT_PUBLIC = {
  ipv4: [
    '0.0.0.0/8',
    '10.0.0.0/8',
    '100.64.0.0/10',
    '127.0.0.0/8',
    // Azure's servers answer its machines' questions about themselves here, amid addresses of the Internet.
    '168.63.129.16/32',
    '169.254.0.0/16',
    '172.16.0.0/12',
    '192.0.0.0/24',
    '192.0.2.0/24',
    '192.88.99.0/24',
    '192.168.0.0/16',
    '198.18.0.0/15',
    '198.51.100.0/24',
    '203.0.113.0/24',
    '224.0.0.0/4',
    '240.0.0.0/4',
  ],
  // Within 2000::/3, which alone is given out for the Internet.
  ipv6: ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'],
} as const;

/** Built when an address is first looked at: a function whose subgraphs are all signed for never does. */
let lists: ReturnType<typeof build> | undefined;
const build = () => ({
  notPublic: listOf('ipv4', NOT_PUBLIC.ipv4),
  notPublic6: listOf('ipv6', NOT_PUBLIC.ipv6),
  internet6: listOf('ipv6', ['2000::/3']),
});

function listOf(family: 'ipv4' | 'ipv6', ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [network = '', bits = ''] = range.split('/');
    list.addSubnet(network, Number(bits), family);
  }
  return list;
}

/**
 * Whether an address is one of the Internet. What stands for an IPv4 address is none, whatever that one is: mapped,
 * compatible, 6to4, Teredo, NAT64 (RFC 6052's prefix and RFC 8215's), ISATAP. Nor is one with a zone, which `BlockList`
 * would not look at.
 */
export function isPublic(address: string): boolean {
  const { notPublic, notPublic6, internet6 } = (lists ??= build());
  if (isIP(address) === 4) return !notPublic.check(address, 'ipv4');
  if (isIP(address) !== 6 || address.includes('%')) return false;
  return internet6.check(address, 'ipv6') && !notPublic6.check(address, 'ipv6') && !isIsatap(address);
}

/** RFC 5214 section 6.1: under any prefix, 32 bits of the interface's id say that it is an IPv4 address behind a tunnel. */
function isIsatap(address: string): boolean {
  const [flags = '', mark] = groupsOf(address).slice(4);
  // The bits for universal and group may be set or not.
  return mark === '5efe' && (Number.parseInt(flags, 16) & 0xfcff) === 0;
}

/** The eight groups of an IPv6 address. WHATWG's URL writes the one spelling that RFC 5952 leaves. */
function groupsOf(address: string): string[] {
  const [before = '', after] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const head = before === '' ? [] : before.split(':');
  const tail = after === undefined || after === '' ? [] : after.split(':');
  return [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => '0'), ...tail];
}

/** RFC 6761, RFC 6762 appendix G, RFC 8375: endings that no name of the Internet has. */
const LOCAL_NAME = /(^|\.)(localhost|localdomain|local|internal|intranet|private|corp|home|lan|home\.arpa)$/;

/** Whether a host, as `URL` spells it, may be one of the Internet: a public address, or a name that is not of some network. */
export function isPublicHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (isIP(host) !== 0) return isPublic(host);
  const name = host.replace(/\.$/, '');
  return name.includes('.') && !LOCAL_NAME.test(name);
}

/** As `dns.lookup` answers when it is asked for all addresses. */
type Resolve = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

export const NOT_PUBLIC_ADDRESS = 'has an address that is not public';

/** Finds only public addresses, and hands on the ones it has looked at: a second answer of the DNS is never asked for. */
export const publicLookup =
  (resolve: Resolve = dnsLookup): LookupFunction =>
  (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '', 0);
      const [first] = addresses;
      if (!first || addresses.some(({ address }) => !isPublic(address)))
        return callback(new Error(NOT_PUBLIC_ADDRESS), '', 0);
      if (options.all) return callback(null, addresses);
      return callback(null, first.address, first.family);
    });
  };
