import { lookup as dnsLookup, type LookupAddress, type LookupAllOptions } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** RFC 6890 and its updates: what is no address of the Internet, with the ranges that lead to such addresses by translation. */
const NOT_PUBLIC = {
  ipv4: [
    '0.0.0.0/8',
    '10.0.0.0/8',
    '100.64.0.0/10',
    '127.0.0.0/8',
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

/** Whether an address is one of the Internet. IPv4 mapped into IPv6 is none, whatever it maps. */
export function isPublic(address: string): boolean {
  const { notPublic, notPublic6, internet6 } = (lists ??= build());
  if (isIP(address) === 4) return !notPublic.check(address, 'ipv4');
  return isIP(address) === 6 && internet6.check(address, 'ipv6') && !notPublic6.check(address, 'ipv6');
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
